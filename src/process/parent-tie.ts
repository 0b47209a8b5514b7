/**
 * By what a child knows whether its parent lives, as an environment variable tells it:
 *
 * ```
 *   KINDRED_PARENT=pid:4711:123456   the parent is this process, which started at this clock tick since boot
 *   ...;fd=4                         descriptor 4, which it gave to its child, comes to its end when it does
 *   ...;graceMs=200                  how long the child may take to end; default 5000
 * ```
 */
import type { ProcessIdentity } from './process-identity.ts';

export const parentVariable = 'KINDRED_PARENT';

export interface ParentTie {
  parent: ProcessIdentity;
  /** Tells of its end at once. Only for the child itself: a program in between may hand the variable on, and not this. */
  fd?: number | undefined;
  /** How long the child may take to end when its parent is gone, before it is killed, in milliseconds. */
  graceMs: number;
}

export const defaultOrphanGraceMs = 5000;

export function sayTie({ parent: { pid, started }, fd, graceMs }: ParentTie): string {
  const grace = graceMs === defaultOrphanGraceMs ? '' : `;graceMs=${graceMs}`;
  return `pid:${pid}:${started ?? ''}${fd === undefined ? '' : `;fd=${fd}`}${grace}`;
}

/** Undefined for what cannot be understood. */
export function readTie(told: string): ParentTie | undefined {
  const [, pid, started, fd, grace] =
    /^pid:(\d{1,10}):(\d{0,16})(?:;fd=(\d{1,7}))?(?:;graceMs=(\d{1,10}))?$/.exec(told) ?? [];
  if (pid === undefined) return undefined;
  return {
    parent: { pid: Number(pid), started: started ? Number(started) : undefined },
    fd: fd === undefined ? undefined : Number(fd),
    graceMs: grace === undefined ? defaultOrphanGraceMs : Number(grace),
  };
}
