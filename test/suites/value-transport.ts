/** The suite of `kindred/testkit`, run by `node:test`. */
import { test } from 'node:test';
import {
  type ValueAbilities,
  type ValuePair,
  valueTransportSuite,
} from '../../src/testkit/value-transport-suite.ts';

export { createValueEar, type ValueEar } from '../../src/testkit/transport-ear.ts';
export type { ValuePair };

export function testValueTransport(
  transport: string,
  open: () => Promise<ValuePair> | ValuePair,
  abilities: ValueAbilities,
): void {
  for (const { name, run } of valueTransportSuite(open, abilities))
    test(`${transport}: ${name}`, { timeout: 30_000 }, run);
}
