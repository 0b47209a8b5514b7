/** Work that is given up when a signal fires, whether or not it can be stopped itself. */
export async function unless<T>(
  signal: AbortSignal | undefined,
  work: Promise<T>,
  reason: () => Error,
): Promise<T> {
  if (signal === undefined) return work;
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(reason());
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
