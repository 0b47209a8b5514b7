/** Every call settles, whatever dies: over Node's own IPC channel. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('a child on native IPC', 'a child on native IPC with advanced serialization'));
