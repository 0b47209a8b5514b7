/** What a worker of piscina or tinypool runs. */
import type { Payload } from '../../payload.ts';
import { echo } from '../../service.ts';

export default (value: Payload): Payload => echo(value);
