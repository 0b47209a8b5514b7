/** A constant load of keep-alive connections, by autocannon in a process of its own, for as long as it is not ended. */
import { fileURLToPath } from 'node:url';
import { spawn } from 'kindred/process';

export interface Load {
  end(): Promise<LoadResult>;
}

export interface LoadResult {
  answered: number;
  /** Connections that broke under a request, requests without an answer in 10 s, answers that are no success. */
  failed: number;
  perSecond: number;
  p99Ms: number;
  maxMs: number;
}

const program = fileURLToPath(new URL('programs/load.js', import.meta.url));

export function startLoad(url: string, connections: number): Load {
  const child = spawn(process.execPath, [program, url, String(connections)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const outcome = child.outcome();
  return {
    async end() {
      child.stdin.end();
      const { stdout } = await outcome;
      const result = JSON.parse(stdout);
      return {
        answered: result['2xx'],
        failed: result.errors + result.non2xx,
        perSecond: result.requests.average,
        p99Ms: result.latency.p99,
        maxMs: result.latency.max,
      };
    },
  };
}
