import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { createTestClock } from '../../testkit/clock.ts';
import { type HealthResult, watchHealth } from './health.ts';

it('asks at once and then in its time, counts failures in a row, and stops when it is told to', async () => {
  const clock = createTestClock();
  const statuses = [200, 500, 500, 200, 500, 500, 500, 500];
  const server = createServer((_request, response) => response.writeHead(statuses.shift() ?? 599).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const over = new AbortController();
  const results: HealthResult[] = [];
  let heard = (): void => {};
  const next = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  let asked = next();
  const watching = watchHealth(
    { http: `http://127.0.0.1:${port}/`, everyMs: 1000, timeoutMs: 60_000 },
    {
      clock,
      signal: over.signal,
      onResult(result) {
        results.push(result);
        heard();
      },
    },
  );
  for (let count = 1; ; count++) {
    await asked;
    if (count === 7) break;
    await clock.advance(999);
    assert.equal(results.length, count, 'it asks no earlier');
    asked = next();
    await clock.advance(1);
  }
  over.abort();
  await watching;
  assert.deepEqual(
    results.map(({ text, failures, isOver }) => `${text}, ${failures}${isOver ? ': over' : ''}`),
    [
      'status 200, 0',
      'status 500, 1',
      'status 500, 2',
      'status 200, 0',
      'status 500, 1',
      'status 500, 2',
      'status 500, 3: over',
    ],
  );
  server.close();
  server.closeAllConnections();
});
