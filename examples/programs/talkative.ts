/** A child that says much and ends at once. */
import { dial, flushAndExit } from 'kindred';

const channel = await dial('parent:');
// #region flush
for (let n = 0; n < 10_000; n++) void channel.send({ n, text: 'x'.repeat(1024) });
await flushAndExit(0);
// #endregion
