/** What the strangers call. */
import { currentCall } from 'kindred';

const heard: unknown[] = [];

export const service = {
  add: (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0),
  greet: ({ name }: { name: string }) => `Hello, ${name}.`,
  fail() {
    throw Object.assign(new Error('not today'), { code: 42, data: { why: 'rain' } });
  },
  /** Ends only when it is cancelled. */
  wait: () =>
    new Promise((_resolve, reject) => {
      const { signal } = currentCall();
      signal.addEventListener('abort', () => {
        heard.push('cancelled');
        reject(signal.reason);
      });
    }),
  note: (text: string) => {
    heard.push(text);
  },
  /** What was noted so far, and how often `wait` was cancelled. */
  heard: () => heard.splice(0),
  /** Asks its caller. */
  async ask() {
    const { peer } = currentCall();
    return `${await peer.call.name()} was asked`;
  },
  /** Tells of its progress as editors do, and then answers. */
  async work({ token }: { token: string }) {
    const { peer } = currentCall();
    for (const percent of [25, 75])
      await peer.with({ params: 'named' }).notify['$/progress']({ token, value: { percent } });
    return 'done';
  },
  '$/progress': ({ token, value }: { token: string; value: unknown }) => {
    heard.push([token, value]);
  },
};
