/**
 * Calls and notifications that arrive: finds the function, runs it in its context, answers.
 *
 * Only names of the service's own table are looked up. More calls than `maxCalls` wait in their order; a stranger that
 * sends on all the same is slowed by its transport.
 */
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { Channel } from '../channel/channel.ts';
import type { Limits } from '../wire/limits.ts';
import type { CallId, Message, Params, WireError } from '../wire/message.ts';
import type { ContextPort, EventsPort } from './context.ts';
import { describe } from './discover.ts';
import type { Peer } from './peer.ts';
import type { Borrowing, Lending, References } from './references.ts';
import { Scope } from './scope.ts';
import { argumentsFor, type Method } from './service.ts';
import { isSource } from './streams.ts';
import { degraded, refusalToWire, thrownToWire } from './wire-errors.ts';

type CallMessage = Extract<Message, { kind: 'call' }>;
type NotifyMessage = Extract<Message, { kind: 'notify' }>;

/** A call that waits until fewer run. */
interface Parked {
  message: CallMessage;
  borrowed: Borrowing | undefined;
}

export interface InboundOptions {
  channel: Channel;
  limits: Limits;
  watch: LoopWatch;
  context: ContextPort;
  events: EventsPort;
  references: References;
  methods: ReadonlyMap<string, Method>;
  /** Whether what a function throws goes out with its stack. */
  withStack: boolean;
  peer(): Peer<unknown>;
}

export class Inbound {
  readonly #options: InboundOptions;
  readonly #running = new Map<CallId | symbol, Scope>();
  readonly #parked: Parked[] = [];
  readonly #freeNow: () => number;
  #answering = 0;
  #paused = false;
  #refusal: KindredError | undefined;
  #lastId: CallId = 0;
  #letGo: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#freeNow = () => options.watch.freeNow();
  }

  /** Calls and notifications that run or wait, and streams of their results. */
  get load(): number {
    return this.#running.size + this.#parked.length;
  }

  /** The id of the last call that was accepted. */
  get lastId(): CallId {
    return this.#lastId;
  }

  onCall(message: CallMessage): void {
    const borrowed = this.#options.references.takeBorrowed();
    if (this.#refusal !== undefined) return this.#refuse(message.id, this.#refusal);
    if (message.id !== null && this.#running.has(message.id))
      return this.#refuse(
        message.id,
        new KindredError(
          'ERR_INVALID_REQUEST',
          `a call with the id ${JSON.stringify(message.id)} is running already`,
        ),
      );
    if (typeof message.id === 'number') this.#lastId = message.id;
    if (this.#mayRun() && this.#parked.length === 0) return this.#run(message, borrowed);
    this.#parked.push({ message, borrowed });
    if (this.#parked.length >= this.#options.limits.maxCalls && !this.#paused) {
      this.#paused = true;
      this.#options.channel.pause();
    }
  }

  onNotify(message: NotifyMessage): void {
    const { references, events } = this.#options;
    const borrowed = references.takeBorrowed();
    const { ack } = message;
    if (ack?.level === 'received') this.#send({ kind: 'ack', ...ack });
    const scope = this.#open(message, borrowed);
    const settle = (failure?: unknown): void => {
      if (failure !== undefined)
        events.publish('kindred:notification.failed', () => ({
          peer: this.#options.peer(),
          method: message.method,
          error: failure,
        }));
      if (ack?.level === 'handled') this.#send({ kind: 'ack', ...ack });
      scope.release();
    };
    try {
      const result = this.#invoke(this.#find(message.method), message.params, scope);
      if (isPromise(result)) result.then(() => settle(), settle);
      else settle();
    } catch (thrown) {
      settle(thrown ?? new Error(String(thrown)));
    }
  }

  onCancel(id: CallId): void {
    const cancelled = turnedAway();
    const parked = this.#parked.findIndex(({ message }) => message.id === id);
    if (parked >= 0) {
      this.#parked.splice(parked, 1);
      this.#refuse(id, cancelled);
      return;
    }
    this.#running.get(id)?.cancel(cancelled);
  }

  /** There is room to answer again. */
  pump(): void {
    while (this.#parked.length > 0 && this.#mayRun()) {
      const { message, borrowed } = this.#parked.shift() as Parked;
      this.#run(message, borrowed);
    }
    if (this.#paused && this.#parked.length * 2 <= this.#options.limits.maxCalls) {
      this.#paused = false;
      this.#options.channel.resume();
    }
  }

  /** Accepts no more calls. */
  refuse(error: KindredError): void {
    this.#refusal ??= error;
  }

  /** The caller is gone: nobody wants the answers. */
  close(error: KindredError): void {
    this.#refusal ??= error;
    this.#parked.length = 0;
    for (const scope of [...this.#running.values()]) scope.cancel(error);
    this.#tellIdle();
  }

  /** Resolves when nothing runs and all answers are with the channel. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  #mayRun(): boolean {
    return this.#answering < this.#options.limits.maxCalls && !this.#options.channel.full;
  }

  #open(message: CallMessage | NotifyMessage, borrowed: Borrowing | undefined): Scope {
    const { references, watch, peer } = this.#options;
    const id = message.kind === 'call' ? message.id : null;
    const scope = new Scope(peer(), id, String(message.method), message.meta, this.#freeNow);
    // A null id, or none, says nothing about which call is meant.
    const key = id ?? Symbol('no id');
    if (this.#running.size === 0) this.#letGo = watch.hold();
    this.#running.set(key, scope);
    scope.onOver(() => {
      this.#running.delete(key);
      if (this.#running.size === 0) this.#letGo?.();
      this.#tellIdle();
    });
    if (borrowed !== undefined) references.endWith(borrowed, scope);
    return scope;
  }

  #run(message: CallMessage, borrowed: Borrowing | undefined): void {
    const scope = this.#open(message, borrowed);
    this.#answering++;
    let result: unknown;
    try {
      result = this.#invoke(this.#find(message.method), message.params, scope);
    } catch (thrown) {
      this.#failed(message.id, scope, thrown);
      return;
    }
    if (isPromise(result))
      result.then(
        (value) => this.#succeeded(message.id, scope, value),
        (thrown: unknown) => this.#failed(message.id, scope, thrown),
      );
    else this.#succeeded(message.id, scope, result);
  }

  #find(method: string | number): Method {
    const { methods, references } = this.#options;
    if (typeof method === 'number') {
      const run = references.ledger.find(method);
      if (run === undefined)
        throw new Refusal(new KindredError('ERR_RELEASED', 'the function was lent to a call that has ended'));
      return { name: 'a function argument', run, owner: noOwner, parameters: undefined };
    }
    const found = methods.get(method);
    if (found !== undefined) return found;
    if (method === 'rpc.discover')
      return { name: method, run: () => describe(methods), owner: noOwner, parameters: [] };
    const known = [...methods.keys()];
    const near = known.find((name) => name.toLowerCase() === method.toLowerCase());
    const hint =
      near === undefined
        ? known.length === 0
          ? 'it offers none'
          : `it offers ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', ...' : ''}`
        : `did you mean ${near}?`;
    throw new Refusal(
      new KindredError(
        'ERR_METHOD_NOT_FOUND',
        `the service has no function ${JSON.stringify(method.slice(0, 200))}: ${hint}`,
      ),
    );
  }

  #invoke(method: Method, params: Params, scope: Scope): unknown {
    let args: readonly unknown[];
    try {
      args = argumentsFor(method, params);
    } catch (error) {
      throw new Refusal(error as KindredError);
    }
    return this.#options.context.run(scope, () => method.run.apply(method.owner, args as unknown[]));
  }

  #succeeded(id: CallId, scope: Scope, value: unknown): void {
    const { channel, references, context } = this.#options;
    const run = <T>(work: () => T): T => context.run(scope, work);
    if (!channel.kindred && isSource(value) && channel.state !== 'closed') {
      // A plain JSON-RPC peer gets the items under the id of its call, and the reply at the end.
      const producer = references.produce(id, value, false, scope, run, (failure) => {
        this.#answer(
          failure === undefined ? { kind: 'result', id, value: null } : { kind: 'error', id, error: failure },
        );
      });
      this.#stopWith(scope, [producer], id);
      scope.release();
      return;
    }
    const lending: Lending = { functions: [], streams: [] };
    try {
      if (channel.state !== 'closed') {
        channel.send(
          { kind: 'result', id, value },
          {
            exportReference: channel.kindred ? references.exporter(lending, false) : undefined,
            transfer: transferOf(value),
          },
        );
        // Whoever turns away from a stream that is the whole result wants nothing more of the call.
        const unwanted = (source: unknown): void => {
          if (source === value) scope.cancel(turnedAway());
        };
        if (lending.streams.length > 0)
          this.#stopWith(scope, references.start(lending, scope, run, unwanted));
      }
    } catch (error) {
      const reason =
        error instanceof KindredError
          ? error
          : new KindredError('ERR_NOT_ENCODABLE', 'the result could not be read', { cause: error });
      for (const { source } of lending.streams) void cancelSource(source);
      const told = new KindredError(
        reason.code,
        `${scope.method}: its result cannot be sent: ${reason.message}`,
        { outcome: 'executed' },
      );
      this.#send({ kind: 'error', id, error: refusalToWire(told) });
    }
    this.#answered();
    scope.release();
  }

  /** A call that is cancelled ends the streams of its result too. */
  #stopWith(scope: Scope, producers: readonly { stop(): void }[], plainId?: CallId): void {
    scope.onCancel((reason) => {
      for (const producer of producers) producer.stop();
      if (plainId !== undefined) this.#answer({ kind: 'error', id: plainId, error: refusalToWire(reason) });
    });
  }

  #failed(id: CallId, scope: Scope, thrown: unknown): void {
    const { channel } = this.#options;
    const error =
      thrown instanceof Refusal
        ? refusalToWire(thrown.error)
        : scope.cancelled !== undefined && isAbort(thrown, scope)
          ? refusalToWire(scope.cancelled)
          : this.toWire(thrown);
    try {
      if (channel.state !== 'closed') channel.send({ kind: 'error', id, error });
    } catch {
      this.#send({ kind: 'error', id, error: degraded(error, thrown) });
    }
    this.#answered();
    scope.release();
  }

  toWire(thrown: unknown): WireError {
    const { channel, withStack } = this.#options;
    return thrownToWire(thrown, { kindred: channel.kindred, withStack });
  }

  #answer(message: Message): void {
    this.#send(message);
    this.#answered();
  }

  #answered(): void {
    this.#answering--;
    if (this.#parked.length > 0 || this.#paused) queueMicrotask(() => this.pump());
  }

  #refuse(id: CallId, error: KindredError): void {
    this.#send({ kind: 'error', id, error: refusalToWire(error) });
  }

  /** For messages that can always be said: only a closed channel can refuse them, and then nobody waits. */
  #send(message: Message): void {
    try {
      this.#options.channel.send(message);
    } catch {
      // Closed meanwhile.
    }
  }

  #tellIdle(): void {
    if (this.load > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const noOwner: object = Object.freeze({});

/** A failure that the function had no part in. */
class Refusal {
  readonly error: KindredError;
  constructor(error: KindredError) {
    this.error = error;
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** The function has ended because its signal fired, in one of the ways in which functions do that. */
function isAbort(thrown: unknown, scope: Scope): boolean {
  return (
    thrown === scope.cancelled ||
    (thrown instanceof Error && (thrown.name === 'AbortError' || thrown.cause === scope.cancelled))
  );
}

async function cancelSource(source: AsyncIterable<unknown> | ReadableStream<unknown>): Promise<void> {
  if (Symbol.asyncIterator in source) await source[Symbol.asyncIterator]().return?.();
  else await (source as ReadableStream<unknown>).cancel();
}

function turnedAway(): KindredError {
  return new KindredError('ERR_CANCELLED', 'the caller has given up', { origin: 'remote' });
}

const transferLists = new WeakMap<object, readonly object[]>();

/**
 * Marks objects inside a result to be moved to the caller instead of copied, where the channel can (a thread).
 * Returns the value itself.
 */
export function transfer<T extends object>(value: T, list: readonly object[]): T {
  transferLists.set(value, list);
  return value;
}

function transferOf(value: unknown): readonly object[] | undefined {
  return typeof value === 'object' && value !== null ? transferLists.get(value) : undefined;
}
