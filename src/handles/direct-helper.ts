/**
 * The helper processes of a direct hand-over (direct.ts). A program, never imported.
 *
 * ```
 *   giver --socket inherited--> give <==IPC over the connection==> relay --socket inherited--> last <==IPC==> taker
 *     envelope on stdin           ------------ envelope + socket ---->   on stdin                -- + socket -->
 *     w on stdout                 <----------- 'wanted' --------------   w on stdout             <-- 'wanted' --
 *     y on stdin                  ------------ 'yours' -------------->   y on stdin              -- 'yours' --->
 * ```
 * Node.js opens its IPC once a process, on the descriptor that `NODE_CHANNEL_FD` names, and for children that it starts.
 * `give` and `relay` have it on the connection, so the last step needs a process of its own: on the channel that the taker
 * has opened to `relay`, whose end `relay` leaves alone and hands on. Whoever loses a neighbour ends, and so do all.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [role] = process.argv.slice(2);
const fail = (): never => process.exit(1);
const say = (what: object | string, then: () => void = () => {}): void =>
  void process.send?.(what, (error: Error | null) => (error === null ? then() : fail()));

/** `give` and `last`: passes the socket that it was started with, when and if it is told to. */
function pass(fd: number): void {
  let hasEnvelope = false;
  process.on('message', (said) => void (said === 'wanted' && process.stdout.write('w')));
  process.once('disconnect', fail);
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      if (hasEnvelope) return say('yours', () => process.exit(0));
      hasEnvelope = true;
      // What arrives is not ours to read, and is read where nobody says otherwise (measured).
      const socket = new Socket({ fd, readable: false });
      process.send?.(JSON.parse(line), socket, { keepOpen: true }, (error) => error !== null && fail());
    })
    .once('close', () => setImmediate(fail));
}

function relay(): void {
  let last: ChildProcess | undefined;
  let isOver = false;
  process.on('message', (said: unknown, handle: unknown) => {
    if (said === 'yours' && last !== undefined) {
      isOver = true;
      return void last.stdin?.end('y\n');
    }
    if (last !== undefined || !(handle instanceof Socket)) fail();
    last = spawn(process.execPath, [process.argv[1] as string, 'last'], {
      // The socket is read by nobody here: Node.js stops that for what it passes on so.
      stdio: ['pipe', 'pipe', 'inherit', handle as Socket, 4],
      env: { ...process.env, NODE_CHANNEL_FD: '4' },
    });
    (handle as Socket).destroy();
    last.stdin?.on('error', fail).write(`${JSON.stringify(said)}\n`);
    last.stdout?.once('data', () => say('wanted'));
    last.once('error', fail).once('exit', (code) => process.exit(code ?? 1));
  });
  process.once('disconnect', () => isOver || fail());
}

if (role === 'give') pass(4);
else if (role === 'last') pass(3);
else relay();
