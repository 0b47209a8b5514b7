/** What Node.js cannot do where it is the first process of its container. */

/** Says it, with the mend; undefined where this process is not PID 1. */
export function describePid1(pid: number = process.pid): string | undefined {
  if (pid !== 1) return undefined;
  return (
    'this process is PID 1, the first of its container: orphans that fall to it stay zombies when they end, because Node.js ' +
    'reaps only children of its own; and a signal from inside for which nobody listens has no effect. Start it behind an ' +
    'init that reaps: docker run --init, tini, or shareProcessNamespace of Kubernetes'
  );
}
