/** One line of a log, and what is asked of logs. */

export interface LogLine {
  /** Wall clock, milliseconds since 1970: when the logger read it. */
  at: number;
  /** The log that it is of: `web.1`. */
  log: string;
  /** `note`: what the logger says itself (a gap, lines dropped, a start). */
  stream: 'out' | 'err' | 'note';
  /** Without its newline. What is no UTF-8 stands in it as U+FFFD. */
  text: string;
  /** The line goes on in the next one of this stream: it was longer than 64 KiB, or had waited for its end for a second. */
  cut?: true | undefined;
}

export interface LogQuery {
  /** Logs by name; default all. */
  logs?: readonly string[] | undefined;
  /** Wall clock, milliseconds since 1970. */
  since?: number | undefined;
  /** The last so many lines of all together, before what follows. */
  tail?: number | undefined;
  /** Only lines that match. */
  grep?: RegExp | undefined;
  /** Goes on with what is written from now on, until the signal fires. */
  follow?: boolean | undefined;
}
