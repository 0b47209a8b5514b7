// parent-seeker [grandchild]   finds the channel that its parent gave, says on stderr what it found as a line of JSON, and
//   speaks over a descriptor: sends back what it hears. grandchild: starts a process that outlives it, first.
import { spawn } from 'node:child_process';
import type { KindredError } from '../../src/base/errors.ts';
import { findParent } from '../../src/transports/parent.ts';
import { createStreamTransport } from '../../src/transports/stream.ts';

const more: Record<string, unknown> = {};
try {
  const parent = findParent();
  if (process.argv[2] === 'grandchild') {
    const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      stdio: 'ignore',
      detached: true,
    });
    grandchild.unref();
    more['grandchild'] = grandchild.pid;
  }
  more['env'] = process.env['KINDRED_CHANNEL'];
  if (parent.kind === 'descriptor') {
    const transport = createStreamTransport('parent', parent.socket);
    transport.start({
      data: (chunk) => void transport.write([chunk.slice()]),
      end: () => transport.end(),
      drain() {},
      close() {},
    });
  }
  console.error(JSON.stringify({ ...parent, socket: undefined, ...more }));
  if (parent.kind === 'ipc') process.disconnect();
} catch (error) {
  const { code, message } = error as KindredError;
  console.error(JSON.stringify({ code, message }));
}
