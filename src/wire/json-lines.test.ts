import { dialectSuite } from '../../test/suites/dialect.ts';
import { jsonDialect } from '../../test/suites/json-dialect.ts';
import { createJsonLinesCodec } from './json-lines.ts';

dialectSuite({ name: 'json-lines', create: createJsonLinesCodec, ...jsonDialect, malformed: [] });
