/** `listen` and `dial`: channels of plain messages, for peers that know nothing of calls. */
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { createMailbox } from '../base/mailbox.ts';
import { type Channel, type CloseReason, errorOf, type Ticket } from '../channel/channel.ts';
import type { Identity } from '../rpc/identity.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import type { AckLevel, Message } from '../wire/message.ts';
import { type AcceptOptions, accept } from './accept.ts';
import { openChannel } from './channels.ts';
import { checkDialect, limitsOf } from './check-options.ts';
import { flushBeforeExit, type Speaker } from './flush-and-exit.ts';
import { type ReachOptions, reach } from './reach.ts';
import type { Target } from './target.ts';
import type { TransportListener } from './transport-listener.ts';

/** An ordered two-way flow of messages, without replies. */
export interface PlainChannel<In = unknown, Out = unknown> extends AsyncIterable<In> {
  /** Where the other end is, for logs. */
  readonly address: string;
  /** What the other end has proved to be; undefined where nothing was asked of it. */
  readonly identity: Identity | undefined;
  readonly state: 'open' | 'closed';
  /** Resolves, never rejects, with the reason. */
  readonly closed: Promise<CloseReason>;
  /**
   * Resolves when the message is `written` (with the operating system; the default), or when the other end says that
   * it was `received` or `handled` (taken by its loop, and the next one asked for), which only the binary dialect can.
   * Waits while `maxBufferedBytes` are unwritten. Throws `ERR_NOT_ENCODABLE`, `ERR_LIMIT`, `ERR_RESERVED_MESSAGE`,
   * `ERR_CLOSED`, `ERR_PEER_GONE`, `ERR_BUSY`.
   */
  send(message: Out, options?: { delivery?: 'written' | AckLevel }): Promise<void>;
  /** The messages in the order of their arrival, until the other end closes. Throws where the channel was cut or broken. */
  [Symbol.asyncIterator](): AsyncIterator<In, undefined>;
  /** Writes what was sent so far, then closes. */
  close(): Promise<void>;
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PlainServer<In = unknown, Out = unknown> {
  readonly address: string;
  readonly channels: ReadonlySet<PlainChannel<In, Out>>;
  readonly closed: Promise<KindredError | undefined>;
  close(): Promise<void>;
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

interface MessageOptions {
  /** Default `json-lines`. Not used where values travel as they are: threads, native IPC, memory. */
  dialect?: DialectName | undefined;
  limits?: Partial<Limits> | undefined;
}

export interface DialOptions extends ReachOptions, MessageOptions {}
export interface ListenOptions extends AcceptOptions, MessageOptions {}

/** Messages that wait for whoever iterates before the other end is slowed down. */
const maxUnread = { messages: 256, bytes: 1024 * 1024 };

/** Opens a channel of plain messages. Targets and errors as for `connect`. */
export async function dial<In = unknown, Out = unknown>(
  target: Target,
  options: DialOptions = {},
): Promise<PlainChannel<In, Out>> {
  const limits = limitsOf(options.limits);
  checkDialect(options.dialect);
  const reached = await reach(target, 'plain', options);
  const channel = openChannel(reached.transport, {
    mode: 'plain',
    role: reached.role,
    printer: reached.printer,
    kindred: false,
    dialect: options.dialect ?? reached.dialect,
    limits,
  });
  return createPlainChannel<In, Out>(channel, reached.address, limits, reached.identity);
}

/**
 * Accepts channels of plain messages and runs `onChannel` for each. A channel is closed when its `onChannel` has ended;
 * one that throws closes its own channel only, and the error is given to `onError` (default: it is thrown as an uncaught
 * exception, except where it only tells that the other end is gone).
 */
export async function listen<In = unknown, Out = unknown>(
  address: string | TransportListener,
  onChannel: (channel: PlainChannel<In, Out>) => unknown,
  options: ListenOptions & { onError?: (error: unknown, channel: PlainChannel<In, Out>) => void } = {},
): Promise<PlainServer<In, Out>> {
  const limits = limitsOf(options.limits);
  checkDialect(options.dialect);
  const channels = new Set<PlainChannel<In, Out>>();
  const listening = await accept(
    address,
    options,
    limits,
    [options.dialect ?? 'json-lines'],
    (transport, from, identity) => {
      const inner = openChannel(transport, {
        mode: 'plain',
        role: 'chooses',
        kindred: false,
        dialect: options.dialect,
        limits,
      });
      const channel = createPlainChannel<In, Out>(inner, from, limits, identity);
      channels.add(channel);
      void channel.closed.then(() => channels.delete(channel));
      void serveOne(channel, onChannel, options.onError);
      return channel.closed;
    },
  );
  const close = async (): Promise<void> => {
    await listening.close();
    await Promise.all([...channels].map((channel) => channel.close()));
  };
  return {
    address: listening.address,
    channels,
    closed: listening.closed,
    close,
    ref: () => listening.ref(),
    unref: () => listening.unref(),
    [Symbol.asyncDispose]: close,
  };
}

async function serveOne<In, Out>(
  channel: PlainChannel<In, Out>,
  onChannel: (channel: PlainChannel<In, Out>) => unknown,
  onError: ((error: unknown, channel: PlainChannel<In, Out>) => void) | undefined,
): Promise<void> {
  try {
    await onChannel(channel);
  } catch (error) {
    if (onError !== undefined) onError(error, channel);
    else if (!(error instanceof KindredError && channel.state === 'closed')) throw error;
  } finally {
    await channel.close();
  }
}

export function createPlainChannel<In, Out>(
  channel: Channel,
  address: string,
  limits: Limits,
  identity?: Identity,
): PlainChannel<In, Out> {
  let lastAck = 0;
  let noAcks: KindredError | undefined;
  let paused = false;
  let unreadBytes = 0;
  let current: { id: number; level: AckLevel } | undefined;
  const acks = new Map<number, { resolve: () => void; reject: (error: KindredError) => void }>();
  /** Messages that wait for room, in order. */
  const waiting = new Fifo<{ go: () => void; fail: (error: KindredError) => void }>();
  /** Settles with the last of them. */
  let lastTurn: Promise<void> | undefined;

  const box = createMailbox<
    unknown,
    { bytes: number; toAcknowledge: { id: number; level: AckLevel } | undefined }
  >(({ bytes, toAcknowledge }) => {
    current = toAcknowledge;
    unreadBytes -= bytes;
    if (paused && box.size * 2 <= maxUnread.messages && unreadBytes * 2 <= maxUnread.bytes) {
      paused = false;
      channel.resume();
    }
  });

  /** The loop asks for the next message: it has handled the one before. */
  function acknowledge(): void {
    if (current !== undefined) tell({ kind: 'ack', ...current });
    current = undefined;
  }

  function tell(ack: Extract<Message, { kind: 'ack' }>): void {
    try {
      channel.send(ack);
    } catch {
      // Closed meanwhile: nobody waits for it any more.
    }
  }

  /** No acknowledgement will come any more. */
  function loseAcks(error: KindredError): void {
    noAcks ??= error;
    for (const { reject } of acks.values()) reject(error.withOutcome('unknown'));
    acks.clear();
  }

  channel.start({
    ready() {},
    message(message, bytes) {
      if (message.kind === 'ack') {
        acks.get(message.id)?.resolve();
        acks.delete(message.id);
        return;
      }
      if (message.kind !== 'plain') return;
      if (message.ack?.level === 'received') tell({ kind: 'ack', ...message.ack });
      unreadBytes += bytes;
      box.push(message.value, {
        bytes,
        toAcknowledge: message.ack?.level === 'handled' ? message.ack : undefined,
      });
      if (!paused && (box.size >= maxUnread.messages || unreadBytes >= maxUnread.bytes)) {
        paused = true;
        channel.pause();
      }
    },
    drained() {
      while (waiting.size > 0 && !channel.full) waiting.shift()?.go();
    },
    ended() {
      box.end();
      // What was sent may still be read, but nobody will say so.
      loseAcks(errorOf({ kind: 'ended' }));
    },
    closed(reason) {
      const failed = reason.kind === 'lost' || reason.kind === 'broken';
      box.end(failed ? { error: reason.error } : undefined);
      const error = errorOf(reason);
      loseAcks(error);
      for (const { fail } of waiting.take()) fail(error);
    },
  });

  async function send(
    message: unknown,
    { delivery = 'written' }: { delivery?: 'written' | AckLevel } = {},
  ): Promise<void> {
    if (delivery !== 'written' && channel.dialect !== 'binary')
      throw new KindredError(
        'ERR_NOT_SUPPORTED',
        `delivery "${delivery}" needs an other end that acknowledges: use the binary dialect between two Kindreds`,
        { outcome: 'not-sent' },
      );
    const ticket: Ticket = { sent: false };
    let acknowledged: Promise<void> | undefined;
    await inTurn(() => {
      const ack = delivery === 'written' ? undefined : { id: ++lastAck, level: delivery };
      if (ack !== undefined && noAcks !== undefined) throw noAcks;
      channel.send({ kind: 'plain', value: message, ack }, ticket);
      if (ack !== undefined)
        acknowledged = new Promise((resolve, reject) => acks.set(ack.id, { resolve, reject }));
    });
    if (acknowledged !== undefined) return acknowledged;
    const written = await channel.flushed();
    if (!ticket.sent || !written)
      throw errorOf(await channel.closed).withOutcome(ticket.sent ? 'unknown' : 'not-sent');
  }

  /** Runs it now, or when there is room. What waits keeps its place, also where there is room again before it went. */
  async function inTurn(hand: () => void): Promise<void> {
    try {
      if (waiting.size === 0 && !channel.full) return hand();
      if (waiting.size >= limits.maxWaitingCalls)
        throw new KindredError(
          'ERR_BUSY',
          `${waiting.size} messages wait already: maxWaitingCalls (${limits.maxWaitingCalls})`,
        );
      lastTurn = new Promise<void>((resolve, reject) => {
        const go = (): void => {
          try {
            resolve(hand());
          } catch (error) {
            reject(error);
          }
        };
        waiting.push({ go, fail: reject });
      });
      await lastTurn;
    } catch (error) {
      throw error instanceof KindredError ? error.withOutcome('not-sent') : error;
    }
  }

  const close = async (): Promise<void> => {
    box.end();
    await channel.close();
  };

  const plain: PlainChannel<In, Out> & Speaker = {
    address,
    identity,
    closed: channel.closed,
    get state() {
      return channel.state === 'closed' ? 'closed' : 'open';
    },
    send,
    get writes() {
      return channel.writes;
    },
    async flushed() {
      await lastTurn?.catch(() => {});
      await channel.flushed();
    },
    [Symbol.asyncIterator]: () => ({
      next() {
        acknowledge();
        return box.take() as Promise<IteratorResult<In, undefined>>;
      },
      // Leaving the loop is no reason to close: another loop may go on where this one stopped.
      async return() {
        acknowledge();
        return { done: true, value: undefined };
      },
    }),
    close,
    ref: () => channel.ref(),
    unref: () => channel.unref(),
    [Symbol.asyncDispose]: close,
  };
  flushBeforeExit(plain);
  return plain;
}
