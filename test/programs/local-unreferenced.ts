// local-unreferenced NAME SOCKET   an unreferenced server whose socket is removed and restored; nothing keeps it alive
import { existsSync, unlinkSync } from 'node:fs';
import { listenLocal } from '../../src/transports/local.ts';

const [name = '', socket = ''] = process.argv.slice(2);
let look = () => {};
const listener = await listenLocal(
  name,
  {
    watch(run) {
      look = run;
      return () => {};
    },
  },
  () => {},
);
listener.unref();
unlinkSync(socket);
look();
while (!existsSync(socket)) await new Promise((resolve) => setImmediate(resolve));
console.log('restored');
