/** As `fork`, with values written by V8 in place of JSON. */
import { createForked } from './by-hand/forked.ts';

export const contender = createForked('advanced');
