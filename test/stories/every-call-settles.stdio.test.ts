/** Every call settles, whatever dies: over the standard streams of a child. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('a child on stdio'));
