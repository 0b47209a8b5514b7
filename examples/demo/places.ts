/** Where caller.ts can run: each function starts it there, and tells how it ended. */
import { Worker } from 'node:worker_threads';
import { type Server, serve } from 'kindred';
import { type Child, type ChildChannel, fork } from 'kindred/process';

/** A caller that was started. */
export interface Started {
  /** For messages: which process or thread it is. */
  what: string;
  pid: number | undefined;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
  /** Ends it at once, where it is still there. */
  stop(): Promise<unknown>;
}

const program = new URL('./caller.ts', import.meta.url);

/** A child that is served over the channel it was given: it needs no address but `parent:`. */
export async function inChild(service: object, name: string, channel: ChildChannel): Promise<Started> {
  const child = fork(program, [name, 'parent:'], { channel });
  return startedBy(child, await serve(child, service));
}

export async function inThread(service: object, name: string): Promise<Started> {
  const worker = new Worker(program, { argv: [name, 'parent:'] });
  const server = await serve(worker, service);
  const ended = new Promise<number>((resolve, reject) => worker.once('exit', resolve).once('error', reject));
  return {
    what: `thread ${worker.threadId}`,
    pid: undefined,
    ended: ended.finally(() => server.close()),
    stop: () => worker.terminate(),
  };
}

/** A process that has nothing of this one: no channel, hardly any environment, a session of its own. It knows an address. */
export async function unrelated(name: string, address: string, certificates = ''): Promise<Started> {
  const { PATH, NODE_OPTIONS, KINDRED_RUNTIME_DIR } = process.env;
  return startedBy(
    fork(program, [name, address, certificates], {
      channel: 'none',
      detached: true,
      env: { PATH, NODE_OPTIONS, ...(KINDRED_RUNTIME_DIR === undefined ? {} : { KINDRED_RUNTIME_DIR }) },
    }),
  );
}

function startedBy(child: Child, server?: Server): Started {
  return {
    what: `process ${child.pid}`,
    pid: child.pid,
    ended: child.exited.then(({ exitCode, signal }) => signal ?? exitCode).finally(() => server?.close()),
    stop: () => child.terminate({ signal: 'SIGKILL' }),
  };
}
