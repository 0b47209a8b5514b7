/**
 * What the agent in a Node.js service says to whoever is the brain, one JSON object a line:
 *
 * ```
 *   {"word":"load","lagMs":3,"calls":12.5,"cpu":0.4}       every few seconds
 *   {"word":"hung","blockedMs":10250}                      at once, when the event loop has not turned for so long; then every few seconds
 *   {"word":"stack","text":"at spin (/srv/web.js:12:3)"}   within a second of `hung`, and perhaps once more: by what it is blocked
 *   {"word":"turns","blockedMs":12010}                     it turns again
 *   {"word":"status","text":"..."}
 * ```
 * No word is longer than 4096 bytes, so that each is written whole or not at all.
 */
export type Word =
  | {
      word: 'load';
      /** The longest that the event loop was late since the last of these, in milliseconds. */
      lagMs: number;
      /** Calls and HTTP requests that it has begun to answer, a second. */
      calls: number;
      /** Share of one processor, 0 to the number of processors. */
      cpu: number;
    }
  | { word: 'hung'; blockedMs: number }
  | { word: 'stack'; text: string }
  | { word: 'turns'; blockedMs: number }
  | { word: 'status'; text: string };

/** The most that a word may be, with its newline: what a FIFO takes in one piece (PIPE_BUF). */
export const maxWordBytes = 4096;
