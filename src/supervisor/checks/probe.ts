/** Asking once: does something accept there, does it answer, does a command say yes. Never throws for a bad answer. */
import { connect as connectSocket, type NetConnectOpts } from 'node:net';
import { KindredError } from '../../base/errors.ts';
import { connect } from '../../endpoint/connect.ts';
import { spawn } from '../../process/spawn.ts';
import { parseAddress } from '../../transports/address.ts';
import { dialLocal } from '../../transports/local.ts';

export interface Answer {
  ok: boolean;
  /** What was seen, in a few words: `status 503`, `nothing accepts at tcp://127.0.0.1:8080`. */
  text: string;
}

export interface Asking {
  /** The answer is no when it fires. */
  signal: AbortSignal;
  /** Longest wait, in milliseconds. */
  timeoutMs: number;
}

/** Whether something accepts there: `host:port`, a port of 127.0.0.1, or an address. Nothing is sent. */
export async function askTcp(place: string | number, { signal, timeoutMs }: Asking): Promise<Answer> {
  const address = addressOf(place);
  const parsed = parseAddress(address);
  if (parsed.kind === 'local')
    return dialLocal(parsed.name, { signal, timeoutMs }).then(
      ({ transport }) => {
        transport.destroy();
        return { ok: true, text: `${address} accepts` };
      },
      (error: Error) => ({ ok: false, text: error.message }),
    );
  const where: NetConnectOpts | undefined =
    parsed.kind === 'tcp' || parsed.kind === 'tls'
      ? { host: parsed.host, port: parsed.port }
      : parsed.kind === 'unix'
        ? { path: parsed.path }
        : parsed.kind === 'abstract'
          ? { path: `\0${parsed.name}` }
          : undefined;
  if (where === undefined) return { ok: false, text: `${address} is nothing that accepts` };
  return new Promise((resolve) => {
    const socket = connectSocket(where);
    const timer = setTimeout(
      () => settle(false, `${address} did not accept within ${timeoutMs} ms`),
      timeoutMs,
    );
    const onAbort = (): void => settle(false, 'not asked to the end');
    function settle(ok: boolean, text: string): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.on('error', () => {}).destroy();
      resolve({ ok, text });
    }
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket
      .once('connect', () => settle(true, `${address} accepts`))
      .once('error', (error) => settle(false, `nothing accepts at ${address}: ${error.message}`));
  });
}

/** `host:port` and a port of 127.0.0.1 as an address. Throws `ERR_BAD_ADDRESS`. */
export function addressOf(place: string | number): string {
  const text = String(place);
  if (/^\d+$/.test(text)) return parsable(`tcp://127.0.0.1:${text}`);
  return parsable(/^(\[[^\]]*\]|[^:/]+):\d+$/.test(text) ? `tcp://${text}` : text);
}

function parsable(address: string): string {
  parseAddress(address);
  return address;
}

/** Whether it answers with a status of 200 to 399. Redirects are an answer; they are not followed. */
export function askHttp(url: string, { signal, timeoutMs }: Asking): Promise<Answer> {
  return new Promise((resolve) => {
    // To import them takes 6 MiB of every brain, also of those that ask nothing over HTTP.
    const { get } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
    // A connection of its own, which is not kept: the next process behind the same port must not get an answer of this one.
    const request = get(url, { signal, agent: false, headers: { connection: 'close' } }, (response) => {
      const status = response.statusCode ?? 0;
      response.on('error', () => {}).destroy();
      settle(status >= 200 && status < 400, `status ${status}`);
    });
    const timer = setTimeout(() => {
      settle(false, `no answer within ${timeoutMs} ms`);
      request.destroy();
    }, timeoutMs);
    request.on('error', (error) => settle(false, error.message));
    function settle(ok: boolean, text: string): void {
      clearTimeout(timer);
      resolve({ ok, text });
    }
  });
}

export interface CommandAsking extends Asking {
  cwd?: string | undefined;
  /** Exact, where given. */
  env?: NodeJS.ProcessEnv | undefined;
}

/** Whether a command ends with exit code 0 in time. Ends it with all that it has started, where it does not. */
export async function askCommand(
  [command = '', ...args]: readonly string[],
  { signal, timeoutMs, cwd, env }: CommandAsking,
): Promise<Answer> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It leads a group, which holds all that it starts, wherever there is no /proc.
    detached: true,
    onParentDeath: 'die',
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said = (said + String(text)).slice(-maxSaid);
    });
  let isLate = false;
  const kill = (): void => void child.terminate({ tree: true, graceMs: 0 }).catch(() => {});
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, timeoutMs);
  signal.addEventListener('abort', kill, { once: true });
  if (signal.aborted) kill();
  try {
    const { exitCode, signal: by } = await child.exited;
    const how = by === null ? `exit code ${exitCode}` : `ended by ${by}`;
    const last = said.trim().split('\n').at(-1);
    if (isLate) return { ok: false, text: `${command} has not ended within ${timeoutMs} ms` };
    return { ok: exitCode === 0, text: last ? `${how}: ${last}` : how };
  } catch (error) {
    return { ok: false, text: (error as Error).message };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
  }
}

/** Enough to show the last line. */
const maxSaid = 1000;

/** Whether a function of a service returns anything but false. The connection is closed afterwards. */
export async function askCall(method: string, at: string, { signal, timeoutMs }: Asking): Promise<Answer> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const peer = await connect<Record<string, () => unknown>>(at, { reconnect: false, signal: until });
    try {
      const result = await peer.with({ signal: until }).call[method]?.();
      return result === false
        ? { ok: false, text: `${method} gave false` }
        : { ok: true, text: `${method} answered` };
    } finally {
      await peer.close();
    }
  } catch (error) {
    if (until.aborted && !signal.aborted) return { ok: false, text: `no answer within ${timeoutMs} ms` };
    return { ok: false, text: error instanceof KindredError ? error.message : String(error) };
  }
}
