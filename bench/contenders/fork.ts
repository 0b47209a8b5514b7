/** `child_process.fork` and `process.send`, with ids by hand. */
import { createForked } from './by-hand/forked.ts';

export const contender = createForked('json');
