/** Valid conversations of every dialect, to be made worse: the test vectors, and what two peers have said to each other. */
import { createFramedChannel, type DialectChoice } from '../../src/channel/framed.ts';
import { createMemoryBytePair, createMemoryPair } from '../../src/channel/memory.ts';
import { createValuesChannel } from '../../src/channel/values.ts';
import { createPeer, helloOf } from '../../src/rpc/channel-peer.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import { nodeText } from '../../src/transports/node-text.ts';
import type { Chunk, DialectName } from '../../src/wire/dialect.ts';
import { defaultLimits } from '../../src/wire/limits.ts';
import { bytesOf, readFile } from '../suites/vectors.ts';
import { join } from './mutate.ts';
import { service } from './service.ts';

/** What one end has written, from its first byte. */
export interface Recorded {
  fromClient: Uint8Array;
  fromServer: Uint8Array;
}

export interface Corpus {
  /** What begins a conversation in this dialect, a hello where there is one; nothing for JSON. */
  preamble: Uint8Array;
  /** Messages, and runs of them, as they may stand behind the preamble. */
  pieces: readonly Uint8Array[];
  /** Whole streams from their first byte. */
  streams: readonly Uint8Array[];
}

export type Corpora = Readonly<Record<DialectName, Corpus>>;

export async function readCorpora(): Promise<Corpora> {
  const [lines, headers, binary, greeting] = await Promise.all(
    (['json-lines', 'json-headers', 'binary', 'greet'] as const).map(record),
  );
  const texts = vectorsOf('json-rpc');
  const json = (
    name: DialectName,
    recorded: Recorded | undefined,
    frame: (text: Uint8Array) => Uint8Array,
  ): Corpus => {
    const streams = [
      ...vectorsOf(name),
      ...(recorded === undefined ? [] : [recorded.fromClient, recorded.fromServer]),
    ];
    return { preamble: new Uint8Array(0), pieces: [...texts.map(frame), ...vectorsOf(name)], streams };
  };
  const lineEnd = Uint8Array.of(10);
  const withEnd = (text: Uint8Array): Uint8Array => join(text, lineEnd);
  const binaryStreams = [
    ...[
      'binary-messages',
      'binary-values',
      'binary-streams',
      'binary-malformed',
      'binary-references',
    ].flatMap(vectorsOf),
    ...[binary, greeting].flatMap((each) => (each === undefined ? [] : [each.fromClient, each.fromServer])),
  ];
  const frames = [binary?.fromClient, binary?.fromServer].flatMap((stream) =>
    framesOf(stream ?? new Uint8Array(0)),
  );
  const others = binaryStreams.filter((stream) => stream[0] === 0xff).flatMap(framesOf);
  return {
    'json-lines': json('json-lines', lines, withEnd),
    'json-headers': json('json-headers', headers, (text) =>
      join(new TextEncoder().encode(`Content-Length: ${text.length}\r\n\r\n`), text),
    ),
    'json-concat': json('json-concat', lines, withEnd),
    binary: {
      // The prologue, and the hello of the recorded client.
      preamble: join(Uint8Array.of(0xff, 0x4b, 0x4e, 0x01), frames[0] ?? new Uint8Array(0)),
      pieces: [...frames.slice(1), ...others],
      streams: binaryStreams,
    },
  };
}

/** Posts of both ends of a channel of values, each a batch, from the hello on. */
export async function recordPosts(): Promise<unknown[]> {
  const posts: unknown[] = [];
  const [near, far] = createMemoryPair();
  for (const end of [near, far]) {
    const post = end.post.bind(end);
    end.post = (value, transfer) => {
      posts.push(structuredClone(value));
      return post(value, transfer);
    };
  }
  const limits = { ...defaultLimits, maxBufferedBytes: 4096 };
  const open = (transport: typeof near): ReturnType<typeof createValuesChannel> =>
    createValuesChannel(transport, { form: 'kindred', hello: helloOf(limits), limits, text: nodeText });
  const server = createPeer(open(far), { service, limits });
  const client = createPeer<typeof service>(open(near), { limits });
  await converse(client, true);
  await client.with({ transfer: [new ArrayBuffer(1)] }).call.echo({ moved: new Uint8Array(8) });
  await Promise.all([client.close(), server.close()]);
  return posts;
}

async function record(dialect: DialectChoice): Promise<Recorded> {
  const [near, far] = createMemoryBytePair();
  const [fromClient, fromServer] = [near, far].map((end) => {
    const parts: Uint8Array[] = [];
    const write = end.write.bind(end);
    end.write = (chunks: readonly Chunk[]) => {
      for (const chunk of chunks) parts.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk.slice());
      return write(chunks);
    };
    return parts;
  }) as [Uint8Array[], Uint8Array[]];
  const open = (transport: typeof near, choice: DialectChoice): ReturnType<typeof createFramedChannel> =>
    createFramedChannel(transport, {
      mode: 'calls',
      dialect: choice,
      hello: helloOf(defaultLimits),
      limits: defaultLimits,
      text: nodeText,
    });
  const server = createPeer(open(far, dialect === 'greet' ? 'choose' : dialect), { service });
  const client = createPeer<typeof service>(open(near, dialect), { service });
  await converse(client, dialect === 'binary' || dialect === 'greet');
  await Promise.all([client.close(), server.close()]);
  return { fromClient: join(...fromClient), fromServer: join(...fromServer) };
}

/** A little of everything. */
async function converse(client: Peer<typeof service>, kindred: boolean): Promise<void> {
  await client.call.echo({ text: 'é漢😀', list: [1, -1, 0.5, null] });
  await client.call.fail('on purpose').catch(() => {});
  await client.notify.echo(1);
  await client
    .with({ params: 'named' })
    .call.later({ value: 7 } as never)
    .catch(() => {});
  for await (const _ of client.call.count(70) as AsyncIterable<number>);
  for await (const _ of client.call.count(70) as AsyncIterable<number>) break;
  const given = new AbortController();
  const never = client
    .with({ signal: given.signal, timeoutMs: 60_000 })
    .call.never()
    .catch(() => {});
  given.abort();
  await never;
  await client.with({ meta: { traceparent: '00-1' }, timeoutMs: 1000 }).call.add(1, 2);
  if (!kindred) return;
  await client.call.echo([
    new Date(0),
    new Map([[1, new Set(['a'])]]),
    2n ** 70n,
    new Uint8Array(40),
    /a/g,
    undefined,
  ]);
  await client.call.sum((async function* () { yield 1; yield 2; })()); // biome-ignore format: one line
  await client.call.back((n: number) => n);
  await client.with({ delivery: 'handled' }).notify.echo(1);
  await client.with({ delivery: 'received' }).notify.echo(1);
  await client.ping();
  // Large enough to be cut into pieces.
  await client.call.echo(new Uint8Array(200_000));
}

function vectorsOf(name: string): Uint8Array[] {
  return readFile<{ text?: string; hex?: string }>(name).map(bytesOf);
}

/** The frames behind the prologue, as far as they are whole. */
function framesOf(stream: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 4; at + 4 <= stream.length; ) {
    const size =
      4 +
      ((stream[at + 1] as number) | ((stream[at + 2] as number) << 8) | ((stream[at + 3] as number) << 16));
    if (at + size > stream.length) break;
    frames.push(stream.slice(at, at + size));
    at += size;
  }
  return frames;
}
