import { connect } from 'kindred';
import type * as math from './math.ts';

const peer = await connect<typeof math>('local:math', { waitMs: 5000 });
console.log(await peer.call.add(1, 2, 3, 4, 5));
for await (const n of peer.call.countdown(3)) console.log(n);
await peer.close();
