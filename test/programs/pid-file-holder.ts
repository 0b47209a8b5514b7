// pid-file-holder PATH [on order]   holds the pid file until stdin ends; on order: claims and leaves it as stdin says
import { createInterface } from 'node:readline';
import { type PidFile, writePidFile } from '../../src/process/pid-file.ts';

const [path = '', onOrder] = process.argv.slice(2);
let file: PidFile | undefined;

function claim(): void {
  try {
    file = writePidFile(path);
    console.log('held');
  } catch (error) {
    const { code } = error as { code?: string };
    console.log(code === 'ERR_ALREADY_RUNNING' ? 'refused' : String(error));
  }
}

if (onOrder === undefined) claim();
createInterface({ input: process.stdin }).on('line', (order) => {
  if (order === 'claim') return claim();
  file?.remove();
  file = undefined;
  console.log('left');
});
