/** A child in Python: it reads calls from stdin, line by line, and answers on stdout. It needs nothing but Python. */
import assert from 'node:assert/strict';
import { connect } from 'kindred';
import { spawn } from 'kindred/process';

// #region script
const script = `
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    answer = {'jsonrpc': '2.0', 'id': call['id'], 'result': 'Hello, %s.' % call['params'][0]}
    print(json.dumps(answer), flush=True)
`;
// #endregion

// #region connect
const child = spawn('python3', ['-c', script], { channel: 'stdio' });
const python = await connect<{ greet(name: string): string }>(child, { dialect: 'json-lines' });
assert.equal(await python.call.greet('world'), 'Hello, world.');
await python.close();
// #endregion
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
