/** Every call settles, whatever dies: over an extra descriptor of a child. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('a hosted process', 'a child on an extra descriptor'));
