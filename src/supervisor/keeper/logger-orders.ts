/**
 * What the keeper tells the logger. The logger is a program of its own, which the keeper starts as
 * `MODULE LOG_DIRECTORY`, and which serves these calls to its parent (`serve('parent:', orders)`).
 *
 * The keeper holds both ends of every pipe open: a pipe never comes to its end, and what is in it stays there while no
 * logger runs. A logger that is started in place of one that died is told of all logs again.
 */
export interface LoggerOrders {
  /** Reads these logs from now on, besides the others. One that it reads already it keeps by the new settings from now on. */
  open(logs: readonly KeptLog[]): Promise<void>;
  /** Reads what is in their pipes now, and lets go of them. Resolves when all of it is in the files. Unknown names are no error. */
  close(names: readonly string[]): Promise<void>;
}

/** One log: the two pipes that it comes out of, and how it is kept. */
export interface KeptLog {
  /** `web.1` */
  name: string;
  /** Paths of two FIFOs: one for stdout, one for stderr. */
  out: string;
  err: string;
  /** Of one file. */
  maxBytes: number;
  /** With the one that is written to. */
  files: number;
  format: 'text' | 'json';
}
