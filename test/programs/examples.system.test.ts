// Those that need other programs, from Debian or from npm (test/strangers), or root.
import { testExamples } from './run-examples.ts';

testExamples('examples/system');
