// Those that need other programs, or root.
import { testExamples } from './run-examples.ts';

testExamples('examples/system');
