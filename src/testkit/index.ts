/** `kindred/testkit`: what the tests of this project use, for the tests of others. */
export { createTestClock, type TestClock } from './clock.ts';
export { createPair, type Pair, type PairOptions } from './pair.ts';
