/** Peers and channels over the bench, opened as `serve`, `connect`, `listen` and `dial` open theirs. */
import { deserialize } from 'node:v8';
import { KindredError } from '../../src/base/errors.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type { DialectChoice } from '../../src/channel/framed.ts';
import { createValuesChannel } from '../../src/channel/values.ts';
import { createPlainChannel } from '../../src/endpoint/messages.ts';
import { helloOf } from '../../src/rpc/channel-peer.ts';
import type { TestClock } from '../../src/testkit/clock.ts';
import { createIpcByteTransport } from '../../src/transports/native-ipc.ts';
import { nodeText } from '../../src/transports/node-text.ts';
import type { DialectName } from '../../src/wire/dialect.ts';
import type { Limits } from '../../src/wire/limits.ts';
import { createFakeIpc } from '../programs/fake-ipc.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { BenchBytes, BenchValues } from './bench.ts';
import { openChannel } from './channel.ts';
import { frame } from './grammar.ts';
import { join } from './mutate.ts';
import { type Bench, createFuzzClock, createPeerSubject, someLimits } from './peer-subject.ts';
import { checkReason, comesTrue, Finding, type Subject, settle } from './subject.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const prologue = Uint8Array.of(0xff, 0x4b, 0x4e, 0x01);
/** A ping with a number that stands in four bytes, and how its pong begins. */
const pingFields = Uint8Array.of(0xb6, 0x0d, 0xf0, 0xed, 0x5e);
const ping = frame(11, pingFields);

function benchOf(
  transport: BenchBytes | BenchValues,
  channel: Channel,
  clock: TestClock,
  limits: Limits,
  more: Pick<Bench, 'feed' | 'probes'>,
): Bench {
  return {
    channel,
    clock,
    limits,
    ...more,
    get isHeld() {
      return transport.isPaused || transport.isClosed || (transport as BenchBytes).wroteEnd === true;
    },
    listen: () => transport.listen(),
    get written() {
      return transport.written;
    },
    endInput: () => (transport as Partial<BenchBytes>).endInput?.(),
    cut: (error) => transport.cut(error),
  };
}

export function openBytes(choice: DialectChoice, dialect: DialectName, random: Random): Subject {
  const clock = createFuzzClock();
  const limits = someLimits(random);
  const transport = new BenchBytes(random.int(3) === 0);
  transport.isDeaf = random.int(10) === 0;
  const channel = openChannel(transport, { mode: 'calls', dialect: choice, limits, clock });
  let sawMark = dialect === 'binary';
  const feed = (input: Uint8Array): void => {
    sawMark ||= input.includes(0xff);
    transport.feed(input, random);
  };
  return createPeerSubject(benchOf(transport, channel, clock, limits, { feed, probes }), random);

  function* probes(): Generator<{ ask: Uint8Array; answer: Uint8Array }> {
    if (channel.dialect === 'json-headers')
      yield* jsonProbes(utf8('Content-Length: 35\r\n\r\n{"jsonrpc":"2.0","id":"are you up"}'));
    else if (!(channel.dialect === 'binary' && sawMark))
      yield* jsonProbes(utf8('\n{"jsonrpc":"2.0","id":"are you up"}\n'));
    if (channel.dialect !== 'binary') return;
    yield { ask: ping, answer: pingFields };
    // Behind a hello in JSON nothing has begun yet.
    yield { ask: join(prologue, ping), answer: pingFields };
    yield* pings(limits.maxMessageBytes);
  }
  function* jsonProbes(ask: Uint8Array): Generator<{ ask: Uint8Array; answer: Uint8Array }> {
    const answer = utf8('are you up');
    transport.forget();
    yield { ask, answer };
    const filler = new Uint8Array(4096).fill(0x20);
    for (let sent = 0; sent <= limits.maxMessageBytes + 20_000; sent += filler.length)
      yield { ask: filler, answer };
    // White space may stand between values for ever, but not in front of a header.
    if (channel.dialect !== 'json-headers') yield { ask, answer };
  }
  function* pings(bytes: number): Generator<{ ask: Uint8Array; answer: Uint8Array }> {
    const many = Uint8Array.from(Buffer.concat(Array(400).fill(ping)));
    transport.forget();
    for (let sent = 0; sent <= bytes + 200_000; sent += many.length) yield { ask: many, answer: pingFields };
  }
}

/** Inputs are values as `v8.serialize` writes them; what is none says nothing. */
function readValue(input: Uint8Array): unknown {
  try {
    return deserialize(input);
  } catch {
    return undefined;
  }
}

export function openValues(random: Random): Subject {
  const clock = createFuzzClock();
  const limits = someLimits(random);
  const transport = new BenchValues();
  transport.isDeaf = random.int(10) === 0;
  const form = random.int(4) === 0 ? 'json-rpc' : 'kindred';
  const channel = createValuesChannel(transport, {
    form,
    hello: helloOf(limits),
    limits,
    text: nodeText,
    clock,
  });
  return createPeerSubject(
    benchOf(transport, channel, clock, limits, {
      feed: (input) => transport.put(readValue(input)),
      probes: () => [],
    }),
    random,
  );
}

export function openIpc(random: Random): Subject {
  const clock = createFuzzClock();
  const limits = someLimits(random);
  const { near, far } = createFakeIpc();
  const transport = createIpcByteTransport(near, random.pick(['json', 'advanced']), clock);
  const channel = openChannel(transport, { mode: 'calls', dialect: 'choose', limits, clock });
  const written: Buffer[] = [];
  far.on('message', (message: unknown) => {
    written.push(Buffer.from(JSON.stringify(message)));
    if (written.length > 1000) written.splice(0);
  });
  far.disconnect = () => {};
  near.disconnect = () => {
    near.connected = false;
  };
  const bench: Bench = {
    channel,
    clock,
    limits,
    feed: (input) => void near.emit('message', readValue(input)),
    get isHeld() {
      return !near.connected;
    },
    listen() {},
    written,
    probes: () => [],
    endInput() {},
    cut() {
      near.connected = false;
      near.emit('disconnect');
    },
  };
  return createPeerSubject(bench, random);
}

/** A channel of plain messages, read by a loop as a program would. */
export function openPlain(dialect: DialectName, random: Random): Subject {
  const clock = createFuzzClock();
  const limits = someLimits(random);
  const transport = new BenchBytes(random.int(3) === 0);
  const inner = openChannel(transport, { mode: 'plain', dialect, limits, clock });
  const channel = createPlainChannel(inner, 'the bench', limits);
  const reads = random.int(4) > 0;
  let isRead = !reads;
  let thrown: unknown;
  if (reads)
    void (async () => {
      try {
        for await (const _ of channel);
      } catch (error) {
        thrown = error;
      }
      isRead = true;
    })();
  return {
    get alive() {
      return channel.state === 'open' && !transport.isPaused && !transport.wroteEnd;
    },
    feed: (input) => transport.feed(input, random),
    async finish() {
      await settle();
      if (random.int(2) === 0) transport.endInput();
      await settle();
      if (random.int(2) === 0) void channel.close();
      await settle();
      transport.cut();
      checkReason(await channel.closed);
      if (!(await comesTrue(() => isRead))) throw new Finding('the loop over the messages never ends');
      if (thrown !== undefined && !(thrown instanceof KindredError))
        throw new Finding('the loop over the messages threw what is no KindredError', { cause: thrown });
    },
  };
}
