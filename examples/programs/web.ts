// A server that knows nothing of cores.
import { createServer } from 'node:http';

let answered = 0;
createServer((_request, response) => {
  answered++;
  response.end('Hello.\n');
}).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');

export const load = (): { pid: number; answered: number } => ({ pid: process.pid, answered });
