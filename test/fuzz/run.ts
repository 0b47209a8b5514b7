// node test/fuzz/run.ts                                              lists the targets
// node test/fuzz/run.ts --target NAME [--seed N] [--inputs N]        gives one of them so many inputs
// node test/fuzz/run.ts --target NAME --seed N --life N              gives what one life was given, again
// node test/fuzz/run.ts --target NAME --seed N --life N --hex A,B    gives these inputs
import { inspect, parseArgs } from 'node:util';
import { seed as someSeed } from '../stories/fixtures/random.ts';
import { runCampaign } from './campaign.ts';
import { play, watchRejections } from './life.ts';
import { fromHex, toHex } from './shrink.ts';
import { readTargets } from './targets.ts';
import { startWatchdog } from './watchdog.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seed: { type: 'string' },
    life: { type: 'string' },
    inputs: { type: 'string', default: '100000' },
    hex: { type: 'string' },
  },
});
const targets = await readTargets();
const target = targets.find(({ name }) => name === values.target);
const seed = Number(values.seed ?? someSeed);
watchRejections();

if (target === undefined) {
  for (const { name } of targets) console.log(name);
  process.exitCode = values.target === undefined ? 0 : 2;
} else if (values.life !== undefined) {
  const given = values.hex === undefined ? undefined : fromHex(values.hex);
  const { inputs, finding } = await play(target, seed, Number(values.life), given);
  console.log(toHex(inputs));
  console.log(finding === undefined ? 'nothing was found' : inspect(finding, { depth: 6 }));
  process.exitCode = finding === undefined ? 0 : 1;
} else {
  const watchdog = startWatchdog();
  try {
    console.log({
      seed,
      ...(await runCampaign(target, { seed, inputs: Number(values.inputs), sees: watchdog.sees })),
    });
  } finally {
    await watchdog.stop();
  }
}
