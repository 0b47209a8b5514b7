/** Every call settles, whatever dies: in the JSON dialects. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('tcp in json-lines', 'tcp in json-headers'));
