/**
 * From a target to a transport: an address is dialled; a child, a thread or a stream is there already.
 */
import { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { isMainThread, MessagePort, parentPort, Worker } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import type { Redial } from '../channel/dial-again.ts';
import type { ByteTransport, Transport } from '../channel/transport.ts';
import { type AnyChild, isChild } from '../process/child.ts';
import type { Identity } from '../rpc/identity.ts';
import { parseAddress } from '../transports/address.ts';
import { endAfterExit } from '../transports/child-streams.ts';
import {
  createParentPortTransport,
  createPortTransport,
  createWorkerTransport,
  openPortTo,
  takePort,
} from '../transports/message-port.ts';
import {
  createIpcByteTransport,
  createIpcValueTransport,
  type IpcEnd,
  type Serialization,
} from '../transports/native-ipc.ts';
import { findParent } from '../transports/parent.ts';
import { createStdioTransport } from '../transports/stdio.ts';
import { createStreamTransport } from '../transports/stream.ts';
import { type DialectName, dialectNames } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import type { Role } from './channels.ts';
import { checkMs, limitsOf } from './check-options.ts';
import { type DialAddressOptions, dialAddress, untilReachable } from './dial-address.ts';
import { identityOf } from './identity-of.ts';
import { dialMemory } from './memory-addresses.ts';
import { checkGiven, defaultName, noSecret } from './secrets.ts';
import { isTransport, type Target } from './target.ts';

export interface ReachOptions extends DialAddressOptions {
  /** Of a native IPC channel, where the child was started with it. Default `json`. */
  serialization?: Serialization | undefined;
  limits?: Partial<Limits> | undefined;
}

export interface Reached {
  transport: Transport;
  /** For errors and logs. */
  address: string;
  role: Role;
  /** The other end is known to speak binary from the first byte. */
  kindred: boolean;
  /** What the other end speaks, where it has told that this is all. */
  dialect?: DialectName | undefined;
  /** The other end is a parent or child of this process: it may see stacks. */
  kin: boolean;
  /** What carries the channel is this process's tie to whoever started it. */
  tie: boolean;
  /** Where the connection may be lost while the other end lives: opens another one. */
  redial?: Redial | undefined;
  /** A child that is talked to over its stdout: what it prints may be among its messages. */
  printer?: string;
  /** What the other end has proved to be. */
  identity?: Identity | undefined;
}

type Mode = 'calls' | 'plain';

/** `handshakeMs`: how long a parent thread may take to open a port to this one. Default: as long as it wants. */
export async function reach(
  target: Target,
  mode: Mode,
  options: ReachOptions,
  handshakeMs?: number,
): Promise<Reached> {
  checkMs('waitMs', options.waitMs);
  checkGiven(options, 'secret');
  if (typeof target === 'string') return reachAddress(target, mode, options, handshakeMs);
  if (target instanceof Duplex) return reachStream(target, options);
  if (options.secret !== undefined) throw noSecret('a child, thread or message port');
  if (target instanceof Worker)
    return kinOf(
      mode === 'calls' ? openPortTo(target) : createWorkerTransport(target),
      `thread ${target.threadId}`,
      true,
    );
  if (target instanceof MessagePort)
    return kinOf(createPortTransport('a message port', target), 'a message port', true);
  if (isChild(target)) {
    // Where it never started, this says why.
    if (target.pid === undefined) await target.exited;
    return reachKindredChild(target, mode, options);
  }
  if (target instanceof ChildProcess) {
    if (target.pid === undefined)
      throw new KindredError('ERR_START_FAILED', `${target.spawnfile} could not be started`, {
        outcome: 'not-sent',
      });
    return reachChild(target, mode, options);
  }
  if (isTransport(target))
    return {
      transport: target,
      address: target.name,
      role: 'greets',
      kindred: false,
      kin: false,
      tie: false,
    };
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    'a target is an address, a child, a thread, a message port, an open stream or a transport',
  );
}

async function reachStream(stream: Duplex, options: ReachOptions): Promise<Reached> {
  const address = 'a stream';
  const secret = await secretOf(options);
  const opened = createStreamTransport(address, stream);
  const { transport, identity } = await proved(opened, address, secret, options);
  return { transport, address, role: 'greets', kindred: false, kin: false, tie: false, identity };
}

/** Read anew for each connection: a file may hold another one by now. */
async function secretOf({ secret }: ReachOptions): Promise<Uint8Array | undefined> {
  if (secret === undefined) return undefined;
  // Loaded when it is needed, as a transport is.
  const { readSecret } = await import('../transports/secret.ts');
  return readSecret('secret', secret, false);
}

/** Through the door of the other end, where there is a secret. */
async function proved(
  transport: ByteTransport,
  address: string,
  secret: Uint8Array | undefined,
  { signal, limits }: ReachOptions,
): Promise<Pick<Reached, 'transport' | 'identity'>> {
  if (secret === undefined) return { transport, identity: identityOf(transport) };
  const { proveSecret } = await import('../transports/prove-secret.ts');
  const { handshakeMs } = limitsOf(limits);
  const behind = await proveSecret(transport, secret, { address, handshakeMs, signal });
  return { transport: behind, identity: identityOf(transport, defaultName) };
}

function kinOf(transport: Transport, address: string, kindred: boolean, role: Role = 'greets'): Reached {
  return { transport, address, role, kindred, kin: true, tie: false };
}

function ipcTransport(end: IpcEnd, mode: Mode, serialization: Serialization): Transport {
  return mode === 'calls'
    ? createIpcByteTransport(end, serialization)
    : createIpcValueTransport(end, serialization);
}

/** A child started with Node's own `spawn` or `fork`: over IPC where it has that, else over its standard streams. */
function reachChild(child: ChildProcess, mode: Mode, { serialization = 'json' }: ReachOptions): Reached {
  const name = `process ${child.pid}`;
  if (child.channel) return kinOf(ipcTransport(child, mode, serialization), name, false);
  if (child.stdout === null || child.stdin === null)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${name} has neither an IPC channel nor piped stdin and stdout: start it with one of them`,
    );
  const transport = endAfterExit(child, child.stdout, createStreamTransport(name, child.stdout, child.stdin));
  return { ...kinOf(transport, name, false), printer: name };
}

function reachKindredChild(child: AnyChild, mode: Mode, options: ReachOptions): Reached {
  if (child.carrier === 'descriptor' && child.descriptor !== undefined) {
    const name = `${child.name} in process ${child.pid}`;
    const transport = createStreamTransport(name, child.descriptor);
    return kinOf(endAfterExit(child, child.descriptor, transport), name, child.kindred);
  }
  if (child.carrier === 'none')
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `process ${child.pid} was started without a channel: give spawn a channel`,
    );
  const reached = reachChild(child, mode, options);
  return { ...reached, kindred: child.kindred };
}

async function reachAddress(
  text: string,
  mode: Mode,
  options: ReachOptions,
  handshakeMs: number | undefined,
): Promise<Reached> {
  const address = parseAddress(text);
  if (options.secret !== undefined && ['parent', 'stdio', 'memory'].includes(address.kind))
    throw noSecret(text);
  switch (address.kind) {
    case 'parent':
      return reachParent(mode, options, handshakeMs);
    case 'stdio':
      return { ...kinOf(createStdioTransport(), 'stdio:', false, 'chooses'), tie: true };
    case 'memory':
      return {
        ...kinOf(await untilReachable(text, () => dialMemory(address.name), options), text, true),
        kin: false,
      };
    default: {
      const open = async (given: ReachOptions) => {
        const secret = await secretOf(given);
        const dialled = await dialAddress(address, given);
        if (dialled.secret === true && secret === undefined) {
          dialled.transport.destroy();
          throw new KindredError(
            'ERR_NOT_AUTHENTICATED',
            `${text} asks its callers for a secret: give it as { secret }`,
            { outcome: 'not-sent' },
          );
        }
        return { ...dialled, ...(await proved(dialled.transport, text, secret, given)) };
      };
      const { transport, identity, dialects } = await untilReachable(text, () => open(options), options);
      const kindred = mode === 'calls' && dialects?.includes('binary') === true;
      return {
        transport,
        address: text,
        role: 'greets',
        kindred,
        dialect: onlyOneOf(dialects),
        kin: false,
        tie: false,
        identity,
        redial:
          address.kind === 'tcp' || address.kind === 'tls'
            ? async (signal) => (await open({ ...options, signal })).transport as ByteTransport
            : undefined,
      };
    }
  }
}

function onlyOneOf(dialects: readonly string[] | undefined): DialectName | undefined {
  return dialects?.length === 1 ? dialectNames.find((name) => name === dialects[0]) : undefined;
}

async function reachParent(
  mode: Mode,
  { serialization = 'json', signal }: ReachOptions,
  handshakeMs: number | undefined,
): Promise<Reached> {
  const parent = findParent();
  const name = 'the parent';
  switch (parent.kind) {
    case 'descriptor':
      return {
        ...kinOf(createStreamTransport(name, parent.socket), name, parent.kindred, 'chooses'),
        tie: true,
      };
    case 'ipc':
      return {
        ...kinOf(ipcTransport(process, mode, serialization), name, parent.kindred, 'chooses'),
        tie: true,
      };
    case 'stdio':
      return { ...kinOf(createStdioTransport(), name, parent.kindred, 'chooses'), tie: true };
    case 'thread': {
      if (isMainThread || parentPort === null)
        throw new KindredError('ERR_NOT_REACHABLE', 'parent: this thread has no parent port', {
          outcome: 'not-sent',
        });
      const transport =
        mode === 'calls'
          ? createPortTransport(name, await takePort(parentPort, { signal, timeoutMs: handshakeMs }))
          : createParentPortTransport(parentPort);
      return { ...kinOf(transport, name, true, 'chooses'), tie: true };
    }
  }
}
