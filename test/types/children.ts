// What the streams of a child are, by what it was started with. Compiled, never run.
import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import { execFile, spawn } from 'kindred/process';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A extends true>(): void => {};

const usual = spawn('x');
same<Equal<typeof usual.stdin, Writable>>();
same<Equal<typeof usual.stdout, Readable>>();

const wired = spawn('x', [], { stdio: ['ignore', 'pipe', { path: 'log' }, 'pipe', 'inherit'] });
same<Equal<typeof wired.stdin, null>>();
same<Equal<typeof wired.stdout, Readable>>();
same<Equal<typeof wired.stderr, null>>();
same<Equal<(typeof wired.stdio)[3], Duplex>>();
same<Equal<(typeof wired.stdio)[4], null>>();

const talking = spawn('x', [], { channel: 'stdio' });
same<Equal<typeof talking.stdin, Writable>>();
same<Equal<typeof talking.stderr, null>>();

// Whatever takes Node's own child takes this one.
export const children: ChildProcess[] = [usual, wired, talking, spawn('x', [], { stdio: 'inherit' })];

const bytes = (await execFile('x', [], { encoding: 'buffer' })).stdout;
same<Equal<typeof bytes, Buffer>>();
const text = (await usual.outcome()).stdout;
same<Equal<typeof text, string>>();

// @ts-expect-error: nothing of it is piped
spawn('x', [], { stdio: 'ignore' }).stdout.on('data', () => {});
// @ts-expect-error: there is no such form
spawn('x', [], { stdio: ['piped'] });
