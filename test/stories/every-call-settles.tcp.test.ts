/** Every call settles, whatever dies: over TCP and TLS. */
import { only } from './fixtures/distances.ts';
import { testSettling } from './fixtures/settling-tests.ts';

testSettling(only('tcp', 'tcp that resumes', 'tls'));
