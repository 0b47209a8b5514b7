/** Every call settles, whatever dies: over a local name and its socket. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('a local name', 'a Unix domain socket'));
