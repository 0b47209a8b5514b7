/** Every call settles, whatever dies: in this process, and in threads. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('memory', 'a hosted thread', 'a thread of our own'));
