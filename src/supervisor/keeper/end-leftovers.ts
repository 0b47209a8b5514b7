/** The end of a stack whose keeper was killed, without another start of it. */
import { existsSync } from 'node:fs';
import { serve } from '../../endpoint/serve.ts';
import { controlAddress } from '../control/control-address.ts';
import { createKeeper } from './kept.ts';
import { recordFile } from './record.ts';
import { stackDirectories } from './start-keeper.ts';

/**
 * Ends the processes of a stack that are left of a keeper that was killed, those too that were to live on, and removes its
 * pipes and socket files. What they write meanwhile is lost. False: nothing was left.
 *
 * Throws `ERR_ALREADY_RUNNING` where the stack runs, naming the pid in `data`; `ERR_UNSAFE_DIRECTORY`; `ERR_NOT_SUPPORTED`
 * on Windows.
 */
export async function endLeftovers(name: string): Promise<boolean> {
  const { directory, logDirectory } = stackDirectories(name);
  if (!existsSync(recordFile(directory))) return false;
  // Nobody can start the stack meanwhile.
  const keeper = await createKeeper({ directory, logDirectory });
  // The brain was killed with its keeper. Whoever takes its address removes what it has left there, and his own.
  await (await serve(controlAddress(name), {})).close();
  await keeper.stop();
  return true;
}
