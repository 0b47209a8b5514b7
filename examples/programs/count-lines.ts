/** Counts the lines of a file. */
import { readFile } from 'node:fs/promises';
import { ExitError, exitCodes, run } from 'kindred/process';

void run(async ([file]) => {
  if (file === undefined) throw new ExitError(exitCodes.usage, 'usage: count-lines FILE');
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new ExitError(exitCodes.noInput, `${file} cannot be read: ${cause.message}`);
  });
  console.log(text.split('\n').length - 1);
});
