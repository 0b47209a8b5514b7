/** A hosted module is served at the listeners of its service, and ends when what it was asked is answered. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { connect, KindredError } from '../../src/index.ts';
import { planHost } from '../../src/supervisor/agent/agent-plan.ts';
import { planReady } from '../../src/supervisor/checks/ready.ts';
import type { ListenerEntry } from '../../src/supervisor/keeper/keeper.ts';
import { within } from './fixtures/deadline.ts';
import { type House, inHouse, type Service } from './fixtures/services.ts';

const skip = process.platform === 'win32' && 'there is no keeper';

const module = `
  let open = () => {};
  const opened = new Promise((resolve) => { open = resolve; });
  process.on('SIGUSR2', open);
  /** Adds two numbers. */
  export function add(a, b) { return a + b; }
  export function pid() { return process.pid; }
  export async function wait() { console.log('waits'); await opened; return 'done'; }`;

interface Remote {
  add(a: number, b: number): number;
  pid(): number;
  wait(): string;
}

async function host(house: House, listeners: ListenerEntry[], text = module): Promise<Service> {
  const file = join(house.dir, 'module.mjs');
  writeFileSync(file, text);
  const plan = await planReady('call', { id: 's', directory: house.dir });
  return house.start({
    args: planHost(pathToFileURL(file), listeners, 5000),
    listeners,
    lines: plan.lines,
    readyLine: plan.readyLine,
    loadEveryMs: 100,
  });
}

describe('a hosted module', { skip }, () => {
  it('is served at every listener of its service once it is ready, and its calls are counted', () =>
    inHouse(async (house) => {
      const listeners = [
        await house.listener('web'),
        await house.listener('path', `unix:${join(house.dir, 'module.sock')}`),
      ];
      const service = await host(house, listeners);
      await service.ready();
      for (const { bound } of listeners) {
        const peer = await connect<Remote>(bound);
        assert.equal(await peer.call.add(1, 2), 3);
        assert.equal(await peer.call.pid(), service.pid);
        await peer.close();
      }
      await service.word('load', ({ calls }) => calls > 0);
      await service.signal('SIGTERM');
      assert.equal(await service.ended(), 0);
    }));

  it('finishes the calls under way at SIGTERM, and takes no more', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const service = await host(house, [web]);
      const peer = await connect<Remote>(web.bound, { waitMs: 10_000, reconnect: false });
      const waiting = peer.call.wait();
      await service.said('waits');
      await service.signal('SIGTERM');
      await within(
        'it is told to go away',
        refused(() => peer.call.add(1, 2)),
      );
      await service.signal('SIGUSR2');
      assert.equal(await waiting, 'done');
      assert.equal(await service.ended(), 0);
      await peer.close();
    }));

  it('that cannot be loaded ends its service, and says why', () =>
    inHouse(async (house) => {
      const web = await house.listener('web');
      const service = await host(house, [web], "throw new Error('not today')");
      assert.equal(await service.ended(), 1);
      await service.said('Error: not today');
    }));
});

/** Calls until that is refused. */
async function refused(call: () => Promise<unknown>): Promise<void> {
  for (;;)
    try {
      await call();
    } catch (error) {
      assert.ok(error instanceof KindredError && error.outcome === 'not-sent', String(error));
      return;
    }
}
