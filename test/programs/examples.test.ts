import { testExamples } from './run-examples.ts';

testExamples('examples');
