import { writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';

/** So long no life ends: far more than any takes, also on a machine with much else to do. */
const hangsMs = 30_000;

const counts = new Int32Array(workerData as SharedArrayBuffer, 0, 2);
for (let seen = -1; ; ) {
  const now = Atomics.load(counts, 0);
  if (now === seen) {
    const name = Buffer.from(new Uint8Array(workerData as SharedArrayBuffer, 8, counts[1])).toString();
    writeSync(2, `a life hangs for ${hangsMs} ms; again: node test/fuzz/run.ts --target ${name}\n`);
    process.kill(process.pid, 'SIGKILL');
  }
  seen = now;
  await wait(hangsMs);
}
