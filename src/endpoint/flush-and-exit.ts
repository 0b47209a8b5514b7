/** The end of a process that loses nothing of what it has said. */

/** A peer or a channel of plain messages. */
export interface Speaker {
  /** Resolves when all that it has accepted so far, also what waits for room, is with the operating system, or never will be. */
  flushed(): Promise<unknown>;
  readonly closed: Promise<unknown>;
}

/** Those of this process that are open. */
const open = new Set<Speaker>();

/** From now on, until it is closed, the process does not exit before it is flushed. */
export function flushBeforeExit(speaker: Speaker): void {
  open.add(speaker);
  void speaker.closed.then(() => open.delete(speaker));
}

/**
 * Ends the process once all that was sent is with the operating system: also what waits for room, or for the other end's
 * hello, on every open channel; and what was written to stdout and stderr. `process.exit` alone cuts off what is still
 * buffered (nodejs/node#6767). After `timeoutMs` (default 5000) it ends all the same.
 */
export async function flushAndExit(
  code: number = 0,
  { timeoutMs = 5000 }: { timeoutMs?: number } = {},
): Promise<never> {
  const flushed = Promise.all([
    ...[...open].map((speaker) => speaker.flushed()),
    written(process.stdout),
    written(process.stderr),
  ]);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([flushed, late]);
  clearTimeout(timer);
  process.exit(code);
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
