import { dialectSuite } from '../../test/suites/dialect.ts';
import { jsonDialect } from '../../test/suites/json-dialect.ts';
import { createJsonHeadersCodec } from './json-headers.ts';

dialectSuite({ name: 'json-headers', create: createJsonHeadersCodec, ...jsonDialect, malformed: [] });
