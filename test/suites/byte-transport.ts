/** The suite of `kindred/testkit`, run by `node:test`. */
import { test } from 'node:test';
import {
  type ByteAbilities,
  type BytePair,
  byteTransportSuite,
} from '../../src/testkit/byte-transport-suite.ts';
import { type ByteEar, createByteEar } from '../../src/testkit/transport-ear.ts';

export type { BytePair };
export type Ear = ByteEar;
export const createEar: () => ByteEar = createByteEar;

export function testByteTransport(
  transport: string,
  open: () => Promise<BytePair>,
  abilities?: ByteAbilities,
): void {
  for (const { name, run } of byteTransportSuite(open, abilities))
    test(`${transport}: ${name}`, { timeout: 30_000 }, run);
}
