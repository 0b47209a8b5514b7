/** The same service and the same caller at every distance. */
import assert from 'node:assert/strict';
import { makeCertificates, readCertificates } from './certificates.ts';
import { inChild, inThread, type Started, unrelated } from './places.ts';
import { openLine } from './plain-json.ts';
import { medianRoundTripUs } from './round-trip.ts';
import * as screen from './screen.ts';
import type { Stage } from './stage.ts';
import { step } from './step.ts';

export async function everyDistance(stage: Stage): Promise<void> {
  const { service, local, folder } = stage;
  screen.title(
    'One service, any distance',
    'This process serves examples/demo/math.ts. The same program, caller.ts, is',
    'started in each of these places and calls it; only the address differs.',
  );
  const table = screen.table(25, 21, 3, 9, -10);
  table.head('caller', 'address', 'add', 'countdown', 'round trip');

  await step(`serve at ${local}`, () => stage.open(local));
  const tcp = await step('serve at a TCP port', () => stage.open('tcp://127.0.0.1:0'));
  const tls = await step('make certificates, serve at a TLS port', async () => {
    await makeCertificates(folder);
    return stage.open('tls://127.0.0.1:0', { ...readCertificates(folder, 'server'), requestCert: true });
  });

  type Place = [name: string, address: string, start: (name: string) => Promise<Started>];
  const places: Place[] = [
    ['a child over stdio', 'parent:', (name) => inChild(service, name, 'stdio')],
    ['a child over native IPC', 'parent:', (name) => inChild(service, name, 'ipc')],
    ['a child over descriptor 3', 'parent:', (name) => inChild(service, name, 'descriptor')],
    ['a thread', 'parent:', (name) => inThread(service, name)],
    ['an unrelated process', local, (name) => unrelated(name, local)],
    ['a process over TCP', tcp, (name) => unrelated(name, tcp)],
    ['a process over TLS', tls, (name) => unrelated(name, tls, folder)],
  ];
  for (const [name, address, start] of places) {
    const { sum, items, medianUs } = await step(name, async () => {
      const caller = stage.started(await start(name));
      const early = caller.ended.then((how) => assert.fail(`${caller.what} ended with ${how} and no report`));
      const report = await Promise.race([stage.reportOf(name), early]);
      assert.equal(report.sum, 15, 'add(1, 2, 3, 4, 5)');
      assert.deepEqual(report.items, [3, 2, 1], 'countdown(3)');
      assert.equal(await caller.ended, 0, `how ${caller.what} ended`);
      return report;
    });
    table.row(name, address, String(sum), items.join(' '), screen.microseconds(medianUs));
  }
  const { request, answer, medianUs } = await step('one line of JSON', () => oneLineOfJson(tcp));
  table.row('one line of JSON by net', tcp, '15', '', screen.microseconds(medianUs));
  screen.details(`> ${request}`, `< ${answer}`);
}

/** The port on which Kindreds speak their binary dialect answers whoever can write a line. */
async function oneLineOfJson(
  address: string,
): Promise<{ request: string; answer: string; medianUs: number }> {
  const request = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2,3,4,5]}';
  const line = await openLine(new URL(address));
  const answer = await line.ask(request);
  assert.deepEqual(JSON.parse(answer), { jsonrpc: '2.0', id: 1, result: 15 });
  const medianUs = await medianRoundTripUs(() => line.ask(request));
  line.close();
  return { request, answer, medianUs };
}
