import { serve } from 'kindred';
import * as math from './math.ts';

const server = await serve('local:math', math);
console.log(`serving at ${server.address}`);
process.once('SIGINT', () => server.close());
