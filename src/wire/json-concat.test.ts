import { dialectSuite } from '../../test/suites/dialect.ts';
import { jsonDialect } from '../../test/suites/json-dialect.ts';
import { readVectors } from '../../test/suites/vectors.ts';
import { createJsonConcatCodec } from './json-concat.ts';

dialectSuite({
  name: 'json-concat',
  create: createJsonConcatCodec,
  vectors: readVectors('json-concat'),
  malformed: [],
  ...jsonDialect,
});
