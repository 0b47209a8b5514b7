// unix-server PATH [slow]   listens at unix:PATH until it is killed, or its input ends; slow: accepts nothing for a second
import { listenUnix } from '../../src/transports/unix.ts';

const [path = '', slow] = process.argv.slice(2);
await listenUnix(path, {}, () => {});
process.stdin.resume().on('end', () => process.exit());
console.log('listening');
if (slow !== undefined)
  setTimeout(() => {
    const until = Date.now() + 1000;
    while (Date.now() < until);
  });
