// local-server   obeys lines on stdin, answers each with a line of JSON:
//   claim NAME   listens at local:NAME; answers {"held": pid} or {"code", "message", "pid"}
//   close        closes what it listens at; answers {"closed": true}
//   dial NAME    connects to local:NAME; answers {"reached": pid of the server} or {"code", "message"}
import { createInterface } from 'node:readline';
import type { KindredError } from '../../src/base/errors.ts';
import type { Listener } from '../../src/transports/listener.ts';
import { dialLocal, listenLocal } from '../../src/transports/local.ts';

let listener: Listener | undefined;

async function obey(command: string, name: string): Promise<object> {
  switch (command) {
    case 'claim':
      listener = await listenLocal(name, { dialects: ['json-lines'] }, (transport) => {
        transport.start({ data() {}, end: () => transport.end(), drain() {}, close() {} });
        transport.write([`${process.pid}\n`]);
      });
      return { held: process.pid };
    case 'close':
      await listener?.close();
      return { closed: true };
    case 'dial': {
      const { transport, pid } = await dialLocal(name);
      transport.destroy();
      return { reached: pid };
    }
    default:
      throw new Error(`unknown command ${command}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', name = ''] = line.split(' ');
  const answer = await obey(command, name).catch((error: KindredError) => ({
    code: error.code,
    message: error.message,
    pid: (error.data as { pid?: number } | undefined)?.pid,
  }));
  console.log(JSON.stringify(answer));
}
await listener?.close();
