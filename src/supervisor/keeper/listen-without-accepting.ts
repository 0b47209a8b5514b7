/**
 * That a socket listens is a state of the socket, not of the process that has said so. Node.js begins to accept where it
 * says so, and cannot stop without closing: so a program says it that inherits the descriptor, and ends in the same turn,
 * before it could accept anything.
 */
import { spawn } from 'node:child_process';
import { KindredError } from '../../base/errors.ts';
import { cannotListen } from '../../transports/system-errors.ts';

const listenTimeoutMs = 20_000;

/** What the system refuses is told of behind this turn. */
const program = `
const server = require('node:net').createServer();
server.on('error', (error) => { process.stdout.write(error.code || error.message); });
server.listen({ fd: 3, backlog: Number(process.argv[1]) });
if (server.listening) { require('node:fs').writeSync(1, 'listens'); process.exit(0); }
`;

/** `address` is for errors. Throws `ERR_ADDRESS_IN_USE`, `ERR_NOT_SUPPORTED` (with what the system said), `ERR_START_FAILED`. */
export function listenWithoutAccepting(fd: number, backlog: number, address: string): Promise<void> {
  const { NODE_OPTIONS: _flags, NODE_CHANNEL_FD: _channel, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--eval', program, String(backlog)], {
      stdio: ['ignore', 'pipe', 'ignore', fd],
      env,
      timeout: listenTimeoutMs,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout?.setEncoding('latin1').on('data', (text: string) => {
      said = (said + text).slice(0, 200);
    });
    child.on('error', (cause) => reject(failed(address, cause.message, cause)));
    child.on('close', (code, signal) => {
      if (said === 'listens') resolve();
      else if (/^E[A-Z]+$/.test(said))
        reject(cannotListen(address, Object.assign(new Error(`listen ${said}`), { code: said })));
      else reject(failed(address, said || `its program ended with ${signal ?? code}`));
    });
  });
}

function failed(address: string, why: string, cause?: unknown): KindredError {
  return new KindredError('ERR_START_FAILED', `cannot listen at ${address} for others: ${why}`, { cause });
}
