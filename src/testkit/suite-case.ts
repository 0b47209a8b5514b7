/** One promise of a suite, for whatever runs tests. */
export interface SuiteCase {
  /** The promise in words. */
  readonly name: string;
  /** Resolves where it is kept. Rejects with what is wrong, after half a minute at the latest. */
  run(): Promise<void>;
}

/** Generous: it only ends a case that hangs. */
const deadlineMs = 30_000;

export function suiteCase(name: string, work: () => Promise<void>): SuiteCase {
  return {
    name,
    async run() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not within ${deadlineMs / 1000} s: ${name}`)), deadlineMs);
      });
      try {
        await Promise.race([work(), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
