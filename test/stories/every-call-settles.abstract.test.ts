/** Every call settles, whatever dies: over an abstract socket. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('an abstract socket'));
