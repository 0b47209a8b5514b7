/** The two halves of a peer, without wire: the slot of a pending call (outbound), and the dispatch of one (inbound). */
import type { Channel, Receiver } from '../../src/channel/channel.ts';
import { context, events, loopWatch } from '../../src/endpoint/runtime.ts';
import { createPeer } from '../../src/rpc/channel-peer.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import type { Message } from '../../src/wire/message.ts';
import type { Benchmark } from '../micro.ts';
import { createNote, firstId, type Note } from '../payload.ts';

const batch = 64;
const note = createNote(firstId);

/** An open channel between two Kindreds whose other end is the benchmark. */
function createStub(onSend: (message: Message) => void): { channel: Channel; receiver(): Receiver } {
  let receiver: Receiver | undefined;
  const closed: Promise<never> = new Promise(() => {});
  const channel: Channel = {
    carries: { form: 'bytes', structured: true, handles: false, transfer: false },
    dialect: 'binary',
    kindred: true,
    remote: { version: 1, maxCalls: 1024, maxMessageBytes: 2 ** 26 },
    state: 'open',
    start(given) {
      receiver = given;
      receiver.ready();
    },
    send(message) {
      onSend(message);
      return 64;
    },
    full: false,
    writes: 0,
    flushed: () => Promise.resolve(true),
    pause() {},
    resume() {},
    close: () => closed,
    destroy() {},
    closed,
    ref() {},
    unref() {},
  };
  return { channel, receiver: () => receiver as Receiver };
}

/** A call that is made and answered: what stands between `peer.call` and the channel, and back. */
function pendingSlot(options: { timeoutMs?: number } = {}): Benchmark {
  const sent: Message[] = [];
  const stub = createStub((message) => sent.push(message));
  const peer = createPeer(stub.channel, { context, events, watch: loopWatch }) as Peer<{
    echo(value: Note): Note;
  }>;
  const { call } = peer.with(options);
  return {
    async run(times) {
      let answered = 0;
      for (let made = 0; made < times; ) {
        const replies: PromiseLike<Note>[] = [];
        for (; replies.length < batch && made < times; made++) replies.push(call.echo(note));
        for (const message of sent.splice(0))
          if (message.kind === 'call')
            stub.receiver().message({ kind: 'result', id: message.id, value: note }, 64);
        for (const reply of replies) if ((await reply) === note) answered++;
      }
      if (answered !== times) throw new Error(`of ${times} calls ${answered} were answered`);
      return answered;
    },
  };
}

/** A call that arrives: the look-up of the function, its context, the function itself, the answer. */
function dispatch(echo: (value: Note) => unknown): Benchmark {
  let answers = 0;
  const stub = createStub(({ kind }) => {
    if (kind === 'result') answers++;
  });
  createPeer(stub.channel, { service: { echo }, context, events, watch: loopWatch });
  let id = 0;
  return {
    async run(times) {
      const until = answers + times;
      for (let made = 0; made < times; ) {
        for (let i = 0; i < batch && made < times; i++, made++)
          stub.receiver().message({ kind: 'call', id: ++id, method: 'echo', params: [note] }, 64);
        // An answer may take a few turns of the microtask queue.
        for (let turns = 0; answers < until - (times - made) && turns < 100; turns++) await undefined;
      }
      if (answers !== until) throw new Error(`${until - answers} of ${times} calls were not answered`);
      return answers;
    },
  };
}

function notification(): Benchmark {
  let heard = 0;
  const stub = createStub(() => {});
  const service = { note: () => heard++ };
  createPeer(stub.channel, { service, context, events, watch: loopWatch });
  return {
    async run(times) {
      const until = heard + times;
      for (let made = 0; made < times; ) {
        for (let i = 0; i < batch && made < times; i++, made++)
          stub.receiver().message({ kind: 'notify', method: 'note', params: [note] }, 64);
        for (let turns = 0; heard < until - (times - made) && turns < 100; turns++) await undefined;
      }
      if (heard !== until) throw new Error(`${until - heard} of ${times} notifications were not heard`);
      return heard;
    },
  };
}

export const benchmarks: Record<string, Benchmark> = {
  'pending slot, made and answered': pendingSlot(),
  'pending slot with a deadline': pendingSlot({ timeoutMs: 10_000 }),
  'dispatch of a plain function': dispatch((value) => value),
  'dispatch of an async function': dispatch(async (value) => value),
  'dispatch of a notification': notification(),
};
