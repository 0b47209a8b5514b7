/** Reads a child to its end: what it wrote, and how it ended. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { whenRead } from './after-exit.ts';
import { ChildOutcome, type Exit, type Life } from './outcome.ts';
import { Kept } from './output.ts';

export interface CollectOptions {
  /** Of `stdout`, `stderr` and `all`. `buffer`: as bytes. Default `utf8`. */
  encoding?: BufferEncoding | 'buffer' | undefined;
  /**
   * Of stdout and of stderr, in bytes. A child that writes more is ended, as with Node.js; what it had written until then
   * is kept. Default 1 MiB.
   */
  maxBuffer?: number | undefined;
}

export const defaultMaxBuffer: number = 1024 * 1024;

/** Rejects where the child never started. `tooMuch`: it writes more than it may, and is to be ended. */
export async function collect(
  child: ChildProcess,
  name: string,
  life: Life,
  exited: Promise<Exit>,
  { encoding = 'utf8', maxBuffer = defaultMaxBuffer }: CollectOptions,
  tooMuch: () => void,
): Promise<ChildOutcome<never>> {
  const all: Buffer[] = [];
  const keep = (readable: Readable | null | undefined): Kept | undefined =>
    readable === null || readable === undefined ? undefined : new Kept(readable, maxBuffer, all, tooMuch);
  const kept = [keep(child.stdout), keep(child.stderr)];
  const exit = await exited;
  const durationMs = performance.now() - life.startedMs;
  const open = [child.stdout, child.stderr].filter((stream) => stream !== null && stream !== undefined);
  await Promise.all(open.map((stream) => whenRead(child, stream)));
  for (const stream of open) stream.destroy();
  const said = (chunks: readonly Buffer[] = []): never => {
    const bytes = Buffer.concat(chunks);
    return (encoding === 'buffer' ? bytes : bytes.toString(encoding)) as never;
  };
  return new ChildOutcome<never>({
    ...exit,
    name,
    pid: child.pid as number,
    stdout: said(kept[0]?.chunks),
    stderr: said(kept[1]?.chunks),
    all: said(all),
    durationMs,
    timedOut: life.timedOut,
    cancelled: life.cancelled,
    truncated: kept.some((one) => one?.truncated === true),
  });
}
