// lock-holder DIRECTORY NAME   takes the lock, says `held`, and keeps it until it is killed, or its input ends
import { withLock } from '../../src/transports/name-lock.ts';

const [directory = '', name = ''] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit());
await withLock(directory, name, () => {
  console.log('held');
  return new Promise(() => setInterval(() => {}, 1_000_000));
});
