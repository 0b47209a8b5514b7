/**
 * All that listens, one entry each. A new one needs a name, what it is opened with and what it is given; the rest (seeds,
 * cutting, oracles, shrinking, replay) is that of `life.ts`.
 */
import { readFile } from 'node:fs/promises';
import { serialize } from 'node:v8';
import type { DialectChoice } from '../../src/channel/framed.ts';
import type { CodecOptions, DialectName } from '../../src/wire/dialect.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { createCodecSubject } from './codec-subject.ts';
import { type Corpora, type Corpus, readCorpora, recordPosts } from './corpus.ts';
import { openAsking, openProving } from './door-subject.ts';
import { someFrame, someJson, someMessage, someValue } from './grammar.ts';
import { join, mutate, randomBytes } from './mutate.ts';
import { openBytes, openIpc, openPlain, openValues } from './open.ts';
import { openSessions } from './sessions-subject.ts';
import type { Subject } from './subject.ts';

export interface Target {
  name: string;
  /** What it is given first. */
  opening(random: Random): readonly Uint8Array[];
  input(random: Random): Uint8Array;
  open(random: Random): Subject;
}

type Mode = CodecOptions['mode'];

const nothing = new Uint8Array(0);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What one message of a dialect may be made of, mostly right. */
function someText(dialect: DialectName, mode: Mode, random: Random): Uint8Array {
  if (dialect === 'binary') return someFrame(random, mode);
  const text = utf8(someJson(random));
  if (dialect !== 'json-headers') return join(text, Uint8Array.of(10));
  const length =
    random.int(30) === 0 ? random.pick([-1, 0, text.length - 1, text.length + 1, 2 ** 40]) : text.length;
  return join(utf8(`Content-Length: ${length}\r\n\r\n`), text);
}

function inputOf(dialect: DialectName, mode: Mode, corpus: Corpus, random: Random): Uint8Array {
  const piece = (): Uint8Array =>
    random.int(2) === 0 ? random.pick(corpus.pieces) : someText(dialect, mode, random);
  switch (random.int(20)) {
    case 0:
      return randomBytes(random, 40);
    case 1:
      return join(piece(), piece(), piece());
    default:
      return random.int(3) === 0 ? mutate(piece(), random, piece) : piece();
  }
}

function openingOf(corpus: Corpus, random: Random): readonly Uint8Array[] {
  switch (random.int(12)) {
    case 0:
      return [mutate(random.pick(corpus.streams), random, () => random.pick(corpus.streams))];
    case 1:
      return [
        mutate(corpus.preamble.length > 0 ? corpus.preamble : random.pick(corpus.pieces), random, () =>
          random.pick(corpus.pieces),
        ),
      ];
    default:
      return corpus.preamble.length > 0 ? [corpus.preamble] : [];
  }
}

function bytesTarget(
  name: string,
  dialect: DialectName,
  mode: Mode,
  corpora: Corpora,
  open: (random: Random) => Subject,
  ahead: (random: Random) => readonly Uint8Array[] = () => [],
): Target {
  const corpus = corpora[dialect];
  return {
    name,
    opening: (random) => [...ahead(random), ...openingOf(corpus, random)],
    input: (random) => inputOf(dialect, mode, corpus, random),
    open,
  };
}

const dialects: readonly DialectName[] = ['json-lines', 'json-headers', 'json-concat', 'binary'];
const modes: readonly Mode[] = ['calls', 'plain'];
const peers: readonly [DialectChoice, DialectName][] = [
  ['choose', 'json-lines'],
  ['choose', 'json-headers'],
  ['choose', 'binary'],
  ['json-lines', 'json-lines'],
  ['json-headers', 'json-headers'],
  ['json-concat', 'json-concat'],
  ['binary', 'binary'],
  ['greet', 'json-lines'],
];
const hello = utf8(
  '{"jsonrpc":"2.0","method":"$/hello","params":{"version":1,"maxCalls":8,"maxMessageBytes":1000000}}\n',
);

export async function readTargets(): Promise<readonly Target[]> {
  const corpora = await readCorpora();
  const posts = (await recordPosts()).map((post) => serialize(post));
  const post = (random: Random): Uint8Array =>
    random.int(3) === 0 ? random.pick(posts) : serialize(somePost(random));
  const lines = await readProofLines();
  return [
    doorTarget('a listener that asks for a secret', lines.dialer, openAsking),
    doorTarget('a dialer that asks for a secret', lines.listener, openProving),
    bytesTarget('connections that may be resumed', 'binary', 'calls', corpora, openSessions, (random) =>
      random.int(4) === 0 ? [] : [someReturn(random)],
    ),
    ...dialects.flatMap((dialect) =>
      modes.map((mode) =>
        bytesTarget(`reader of ${dialect}, ${mode}`, dialect, mode, corpora, (random) =>
          createCodecSubject(dialect, mode, random),
        ),
      ),
    ),
    ...peers.map(([choice, dialect]) =>
      bytesTarget(`peer (${choice}) in ${dialect}`, dialect, 'calls', corpora, (random) =>
        openBytes(choice, dialect, random),
      ),
    ),
    // A hello in JSON, then binary: how two Kindreds agree.
    bytesTarget(
      'peer (choose) after a hello',
      'binary',
      'calls',
      corpora,
      (random) => openBytes('choose', 'binary', random),
      () => [hello],
    ),
    bytesTarget(
      'peer (greet) after a hello',
      'binary',
      'calls',
      corpora,
      (random) => openBytes('greet', 'binary', random),
      () => [hello],
    ),
    ...dialects.map((dialect) =>
      bytesTarget(`plain messages in ${dialect}`, dialect, 'plain', corpora, (random) =>
        openPlain(dialect, random),
      ),
    ),
    {
      name: 'peer over values',
      opening: (random) => (random.int(10) === 0 ? [] : [posts[0] as Uint8Array]),
      input: post,
      open: openValues,
    },
    {
      name: 'peer over native IPC',
      opening: (random) => (random.int(3) === 0 ? [] : [serialize(JSON.parse(String(Buffer.from(hello))))]),
      input: (random) => serialize(someIpc(random, corpora)),
      open: openIpc,
    },
  ];
}

/** The hello of somebody who may come back, or who says that he does. */
function someReturn(random: Random): Uint8Array {
  const count = (): unknown => random.pick<unknown>([0, 1, 1000, 2 ** 53, -1, 1e300, 'x', null]);
  const session = (): unknown => random.pick<unknown>(['0123456789abcdef.00', '.', '', 'x'.repeat(5000), 7]);
  const resume = random.pick<() => unknown>([
    () => ({ windowMs: 500, bytes: 100_000 }),
    () => ({ windowMs: count(), bytes: count(), session: session() }),
    () => ({ session: session(), attempt: count(), received: count() }),
    () => count(),
  ])();
  const params = { version: 1, maxCalls: 8, maxMessageBytes: 1_000_000, resume };
  const line = utf8(`${JSON.stringify({ jsonrpc: '2.0', method: '$/hello', params })}\n`);
  return random.int(4) === 0 ? mutate(line, random, () => hello) : line;
}

/** What both ends of a proof have said in the vectors. */
async function readProofLines(): Promise<Record<'dialer' | 'listener', Uint8Array[]>> {
  const file = await readFile(new URL('../vectors/secret.json', import.meta.url), 'utf8');
  const { vectors } = JSON.parse(file) as { vectors: { lines: { from: string; text: string }[] }[] };
  const said = vectors.flatMap(({ lines }) => lines);
  const by = (who: string): Uint8Array[] =>
    said.filter(({ from }) => from === who).map(({ text }) => utf8(text));
  return { dialer: by('dialer'), listener: by('listener') };
}

/** Whoever is at the other end has heard a proof before, and knows how one looks. */
function doorTarget(name: string, lines: readonly Uint8Array[], open: Target['open']): Target {
  const line = (random: Random): Uint8Array => {
    const one = random.int(3) === 0 ? someText('json-lines', 'calls', random) : random.pick(lines);
    return random.int(2) === 0 ? one : mutate(one, random, () => random.pick(lines));
  };
  return {
    name,
    opening: (random) => (random.int(2) === 0 ? [random.pick(lines)] : []),
    input: (random) => (random.int(20) === 0 ? randomBytes(random, 40) : line(random)),
    open,
  };
}

/** What may be posted on a message port. Frames in it begin with the prologue now and then. */
function somePost(random: Random): unknown {
  const message = (): unknown => {
    switch (random.int(6)) {
      case 0:
        return random.int(2)
          ? someFrame(random, 'calls')
          : join(Uint8Array.of(0xff, 0x4b, 0x4e, 1), someFrame(random, 'calls'));
      case 1:
        return cloneable(random);
      case 2:
        return {
          kind: random.pick([
            'call',
            'notify',
            'result',
            'error',
            'item',
            'credit',
            'hello',
            'goaway',
            'x',
            '__proto__',
          ]),
          ...(cloneable(random) as object),
        };
      default:
        return bent(strip(someMessage(random)), random);
    }
  };
  if (random.int(10) === 0)
    return random.int(2) ? { taken: random.pick([0, 5, -1, Number.NaN, 1e300, '1']) } : cloneable(random);
  const messages = Array.from({ length: random.int(4) }, message);
  const batch: Record<string, unknown> = {
    messages,
    bytes: messages.map(() => random.pick<unknown>([8, 100, 0, -1, Number.NaN, 'x'])),
  };
  if (random.int(6) === 0) batch['asks'] = random.pick([10, -1, 'x', {}]);
  return random.int(20) === 0 ? { ...batch, [random.pick(['messages', 'bytes'])]: cloneable(random) } : batch;
}

/** A message one of whose fields is not what it should be. */
function bent(message: Record<string, unknown>, random: Random): unknown {
  if (random.int(3) > 0) return message;
  const name = random.pick(Object.keys(message));
  const changed = { ...message };
  if (random.int(2) === 0) delete changed[name];
  else changed[name] = cloneable(random);
  return changed;
}

/** As it would be after a clone: nothing that is lent. */
function cloneable(random: Random): unknown {
  return strip(someValue(random, true));
}

function strip<T>(value: T): T & Record<string, unknown> {
  try {
    return structuredClone(value) as T & Record<string, unknown>;
  } catch {
    return {} as T & Record<string, unknown>;
  }
}

/** What a child may send over native IPC. */
function someIpc(random: Random, corpora: Corpora): unknown {
  const bytes = (): Uint8Array =>
    random.int(4) === 0 ? corpora.binary.preamble : inputOf('binary', 'calls', corpora.binary, random);
  switch (random.int(8)) {
    case 0:
    case 1:
      return { 'kindred:bytes': Buffer.from(bytes()).toString('base64') };
    case 2:
      return { 'kindred:bytes': random.pick<unknown>(['=', '%%%', 'AAAA', 5, null, {}, bytes()]) };
    case 3:
      return {
        'kindred:taken': random.pick<unknown>([
          0,
          1,
          -1,
          1e300,
          Number.NaN,
          Number.NEGATIVE_INFINITY,
          '5',
          null,
        ]),
      };
    case 4:
      return {
        'kindred:passed': {
          say: random.pick(['passed', 'wanted', 'yours', 'recalled', 'refused', 'gone', 'x']),
          id: random.pick<unknown>([1, 2, -1, 2 ** 53, 'x']),
          ids: random.pick<unknown>([[1], [], [1, 1, 2], [-1], 'x', Array(100).fill(3)]),
          kind: random.pick(['socket', 'server', 'datagram', '__proto__']),
          bytes: random.pick<unknown>(['', 'AAAA', 5]),
        },
      };
    case 5:
      return cloneable(random);
    default: {
      try {
        return JSON.parse(someJson(random)) as unknown;
      } catch {
        return nothing;
      }
    }
  }
}
