import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import type { HandlePort } from '../channel/handle-port.ts';
import { createPair, type Pair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';

/** Stands for an open socket. */
class Door {
  /** Who has it. */
  at: 'client' | 'server' | 'nobody' = 'client';
  /** No emitter of Node.js can be said in JSON. */
  readonly maxListeners = undefined;
}

interface Desk extends HandlePort {
  /** What is asked for waits as long as this does. */
  gate: Promise<unknown>;
  /** What was taken is told of only then. */
  isSlowToTell: boolean;
  /** What it says of what is taken. Default: it is there. */
  lost: KindredError | undefined;
}

/** Two ports that pass doors, as a test wants it. */
function createDesks(): { client: Desk; server: Desk } {
  const desks = { client: createDesk('client'), server: createDesk('server') };
  function createDesk(here: 'client' | 'server'): Desk & Record<'given' | 'arrived', Map<number, Door>> {
    let last = 0;
    const given = new Map<number, Door>();
    const arrived = new Map<number, Door>();
    const backs = new Map<number, 'keep' | 'close'>();
    const other = () => desks[here === 'client' ? 'server' : 'client'] as ReturnType<typeof createDesk>;
    const giveBack = (id: number): void => {
      const door = given.get(id);
      if (door !== undefined && backs.get(id) === 'close') door.at = 'nobody';
      given.delete(id);
      other().arrived.delete(id);
    };
    const desk = {
      given,
      arrived,
      gate: Promise.resolve(),
      isSlowToTell: false,
      lost: undefined as KindredError | undefined,
      isHandle: (value: object) => value instanceof Door,
      give(value: object, back: 'keep' | 'close') {
        if (!(value instanceof Door)) return undefined;
        given.set(++last, value);
        backs.set(last, back);
        other().arrived.set(last, value);
        return last;
      },
      recall: (ids: readonly number[]) => ids.forEach(giveBack),
      find: (id: number) => arrived.get(id),
      async take(ids: readonly number[]) {
        if (!desk.isSlowToTell) await desk.gate;
        if (desk.lost !== undefined) return desk.lost;
        if (!ids.every((id) => other().given.has(id))) return new KindredError('ERR_HANDLE_LOST', 'recalled');
        for (const id of ids) {
          (other().given.get(id) as Door).at = here;
          other().given.delete(id);
        }
        if (desk.isSlowToTell) await desk.gate;
        return undefined;
      },
      refuse: (ids: readonly number[]) => {
        for (const id of ids) other().recall([id]);
      },
      discard(door: object) {
        (door as Door).at = 'nobody';
      },
      close() {
        for (const id of given.keys()) giveBack(id);
      },
    };
    return desk;
  }
  return desks;
}

class Reception {
  readonly log: string[] = [];
  readonly held: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  /** What it has opened itself. */
  readonly own: Door = Object.assign(new Door(), { at: 'server' as const });

  readonly service = {
    take: (door: Door, note: string = 'a door') => {
      this.log.push(`${note} at ${door.at}`);
      return door instanceof Door;
    },
    takeAll: ({ doors }: { doors: Door[] }) => doors.map(({ at }) => at),
    note: (text: string) => void this.log.push(text),
    hold: () => this.held.promise,
    open: () => this.own,
    openLater: () => this.held.promise.then(() => this.own),
    passBack: (give: (door: Door) => Promise<string>, door: Door) => give(door),
  };
}

interface Setting extends Pair<Reception['service']> {
  reception: Reception;
  desks: ReturnType<typeof createDesks>;
}

function setUp(maxCalls: number = defaultLimits.maxCalls): Setting {
  const desks = createDesks();
  const reception = new Reception();
  const pair = createPair(reception.service, {
    client: { handles: desks.client },
    server: { handles: desks.server, limits: { ...defaultLimits, maxCalls } },
  });
  return { ...pair, desks, reception };
}

/** Passes a door, and gives the call up when it is on its way. */
async function giveUp(client: Setting['client'], door: Door): Promise<void> {
  const controller = new AbortController();
  const call = client.with({ signal: controller.signal }).call.take(door);
  await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await assert.rejects(call, { code: 'ERR_CANCELLED' });
}

describe('a handle', () => {
  it('is an argument like any other, and its function runs when it is there', async () => {
    const { client, reception } = setUp();
    const doors = [new Door(), new Door(), new Door()];
    assert.equal(await client.call.take(doors[0] as Door), true);
    assert.deepEqual(reception.log, ['a door at server']);
    assert.deepEqual(await client.call.takeAll({ doors: doors.slice(1) }), ['server', 'server']);
  });

  it('keeps its place among the calls around it, however long it takes', async () => {
    const { client, desks, reception } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    desks.server.gate = promise;
    const calls = [
      client.call.note('before'),
      client.call.take(new Door(), 'first'),
      client.call.note('between'),
      client.call.take(new Door(), 'second'),
      client.call.note('after'),
    ];
    await calls[0];
    assert.deepEqual(reception.log, ['before']);
    resolve();
    await Promise.all(calls);
    assert.deepEqual(reception.log, ['before', 'first at server', 'between', 'second at server', 'after']);
  });

  it('is a result, which is there when the call is answered', async () => {
    const { client, reception } = setUp();
    assert.equal(await client.call.open(), reception.own);
    assert.equal(reception.own.at, 'client');
  });

  it('is an argument of a function that was lent', async () => {
    const { client } = setUp();
    const door = new Door();
    const at = await client.call.passBack(async (back) => back.at, door);
    assert.deepEqual([at, door.at], ['client', 'client']);
  });
});

describe('a handle stays where it was', () => {
  it('where there is no such function, or the arguments do not fit it', async () => {
    const { client } = setUp();
    const door = new Door();
    const other = client as unknown as Pair<{ unknown(door: Door): void }>['client'];
    await assert.rejects(other.call.unknown(door), { code: 'ERR_METHOD_NOT_FOUND' });
    const named = client.with({ params: 'named' }) as unknown as {
      call: { take(params: object): Promise<void> };
    };
    await assert.rejects(named.call.take({ wrong: door }), { code: 'ERR_INVALID_PARAMS' });
    assert.equal(door.at, 'client');
  });

  it('where the call cannot be sent', async () => {
    const { client, desks } = setUp();
    const door = new Door();
    await client.call.note('it is a Kindred');
    await assert.rejects(client.call.take(door, Symbol('no') as unknown as string), {
      code: 'ERR_NOT_ENCODABLE',
    });
    assert.equal(door.at, 'client');
    assert.equal(desks.server.find(1), undefined);
  });

  it('where its call waits for others, and is given up', async () => {
    const { client, reception } = setUp(1);
    const held = client.call.hold();
    const door = new Door();
    await giveUp(client, door);
    assert.equal(door.at, 'client');
    reception.held.resolve();
    await held;
    assert.deepEqual(reception.log, []);
  });

  it('where it is asked for after its call was given up', async () => {
    const { client, desks, reception } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    desks.server.gate = promise;
    const door = new Door();
    await giveUp(client, door);
    resolve();
    await client.call.note('next');
    assert.deepEqual([door.at, reception.log], ['client', ['next']]);
  });

  it('where the peer is closed, on either side', async () => {
    for (const side of ['client', 'server'] as const) {
      const { desks, ...pair } = setUp();
      desks.server.gate = new Promise(() => {});
      const door = new Door();
      await pair.client.call.note('it is a Kindred');
      const call = assert.rejects(pair.client.call.take(door), {
        code: side === 'client' ? 'ERR_CLOSED' : 'ERR_PEER_GONE',
      });
      await pair[side].close();
      await call;
      assert.equal(door.at, 'client');
    }
  });

  it('with a notification, which is refused', async () => {
    const { client } = setUp();
    await client.call.note('it is a Kindred');
    const door = new Door();
    await assert.rejects(client.notify.take(door), {
      code: 'ERR_NOT_ENCODABLE',
      message: /pass it with a call/,
    });
    assert.equal(door.at, 'client');
  });
});

describe('a handle that has changed hands', () => {
  it('is served, though its call is given up before the function runs', async () => {
    const { client, desks, reception } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    desks.server.isSlowToTell = true;
    desks.server.gate = promise;
    const door = new Door();
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).call.take(door);
    while (door.at === 'client') await new Promise((done) => setImmediate(done));
    controller.abort();
    await assert.rejects(call, { code: 'ERR_CANCELLED' });
    resolve();
    await client.call.note('next');
    assert.deepEqual(reception.log, ['a door at server', 'next']);
  });

  it('is closed where the peer is closed before the function runs', async () => {
    const { client, server, desks } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    desks.server.isSlowToTell = true;
    desks.server.gate = promise;
    const door = new Door();
    const call = assert.rejects(client.call.take(door), { code: 'ERR_PEER_GONE' });
    while (door.at === 'client') await new Promise((done) => setImmediate(done));
    await server.close();
    await call;
    resolve();
    while (door.at === 'server') await new Promise((done) => setImmediate(done));
    assert.equal(door.at, 'nobody');
  });
});

describe('where a handle is lost', () => {
  it('the function does not run, and its caller hears why', async () => {
    const { client, desks, reception } = setUp();
    desks.server.lost = new KindredError('ERR_HANDLE_LOST', 'a socket was closed on its way');
    await assert.rejects(client.call.take(new Door()), {
      code: 'ERR_HANDLE_LOST',
      outcome: 'not-sent',
      origin: 'remote',
      message: 'a socket was closed on its way',
    });
    assert.deepEqual(reception.log, []);
  });

  it('a call that has made it its result fails as one that was executed', async () => {
    const { client, desks } = setUp();
    desks.client.lost = new KindredError('ERR_HANDLE_LOST', 'a socket was closed on its way');
    await assert.rejects(client.call.open(), { code: 'ERR_HANDLE_LOST', outcome: 'executed' });
  });
});

describe('nobody wants a handle', () => {
  it('that is the result of a call which was given up: it is closed where it was', async () => {
    const { client, reception } = setUp();
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).call.openLater();
    await client.call.note('it runs');
    controller.abort();
    await assert.rejects(call, { code: 'ERR_CANCELLED' });
    reception.held.resolve();
    while (reception.own.at === 'server') await client.call.note('next');
    assert.equal(reception.own.at, 'nobody');
  });

  it('that is the result of a call which is given up while it is asked for', async () => {
    const { client, desks, reception } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    desks.client.gate = promise;
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).call.open();
    await client.call.note('it is answered');
    controller.abort();
    await assert.rejects(call, { code: 'ERR_CANCELLED' });
    resolve();
    await client.call.note('next');
    assert.equal(reception.own.at, 'nobody');
  });
});
