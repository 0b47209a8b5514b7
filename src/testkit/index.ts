/** `kindred/testkit`: what the tests of this project use, for the tests of others. */
export type { Clock, Timer } from '../base/clock.ts';
export { type ByteAbilities, type BytePair, byteTransportSuite } from './byte-transport-suite.ts';
export { createTestClock, type TestClock } from './clock.ts';
export { createFaultyPair, type FaultyPair, type FaultyPairOptions, type Range } from './faulty-pair.ts';
export { createPair, type Pair, type PairOptions } from './pair.ts';
export type { SuiteCase } from './suite-case.ts';
export { type ValueAbilities, type ValuePair, valueTransportSuite } from './value-transport-suite.ts';
