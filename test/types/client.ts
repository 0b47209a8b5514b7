// What a user writes against the type of a service alone. Compiled, never run.
import type { Server as NetServer, Socket } from 'node:net';
import { type Client, connect, host, type Peer, type RemoteStream, serve } from 'kindred';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A extends true>(): void => {};

class Counter {
  count = 0;
  increment(by: number): number {
    return this.count + by;
  }
  _private(): void {}
}

const service = {
  add: (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0),
  later: async (name: string, age?: number) => ({ name, age }),
  async *countdown(from: number) {
    while (from > 0) yield from--;
  },
  web: (): ReadableStream<string> => new ReadableStream(),
  promised: async (): Promise<AsyncIterable<Date>> => (async function* () {})(),
  render: (page: string, progress: (percent: number) => void) => progress(page.length),
  dial: async (port: number): Promise<Socket> => new (await import('node:net')).Socket({ fd: port }),
  take: (socket: Socket, server?: NetServer) => server?.listening ?? socket.readable,
  nested: { deep: { hello: (name: string) => `hello ${name}` } },
  onlyData: { a: 1, b: [1, 2] },
  counter: new Counter(),
  version: 5,
  when: new Date(),
  _hidden: () => 1,
};
type Service = typeof service;

const peer: Peer<Service> = await connect<Service>('local:math');

// Functions become async.
const sum: Promise<number> = peer.call.add(1, 2, 3);
same<Equal<ReturnType<typeof peer.call.later>, Promise<{ name: string; age: number | undefined }>>>();
peer.call.later('x');
peer.call.later('x', 3);
// Generators and streams become async iterables, and can be awaited for the stream.
for await (const n of peer.call.countdown(3)) same<Equal<typeof n, number>>();
for await (const s of peer.call.web()) same<Equal<typeof s, string>>();
for await (const d of peer.call.promised()) same<Equal<typeof d, Date>>();
const stream: RemoteStream<number> = await peer.call.countdown(3);
// Connections are passed as what they are, though they can be iterated.
same<Equal<ReturnType<typeof peer.call.dial>, Promise<Socket>>>();
same<Equal<ReturnType<typeof peer.call.take>, Promise<boolean>>>();
peer.call.take(await peer.call.dial(80));
// Function arguments are given as they are.
peer.call.render('page', (percent) => void percent.toFixed());
// Nested objects and instances become dotted names.
const hello: Promise<string> = peer.call.nested.deep.hello('you');
const counted: Promise<number> = peer.call.counter.increment(1);
// Notifications resolve to nothing.
same<Equal<ReturnType<typeof peer.notify.add>, Promise<void>>>();
// Options make the same face.
peer.with({ timeoutMs: 500, signal: AbortSignal.timeout(5) }).call.add(1, 2);

// @ts-expect-error an argument of the wrong type
peer.call.add('1');
// @ts-expect-error a missing argument
peer.call.nested.deep.hello();
// @ts-expect-error one argument too many
peer.call.later('x', 1, 2);
// @ts-expect-error no such function
peer.call.substract(1);
// @ts-expect-error values are no functions
peer.call.version;
// @ts-expect-error nor are dates
peer.call.when;
// @ts-expect-error an object without functions is invisible
peer.call.onlyData;
// @ts-expect-error private by its name
peer.call._hidden();
// @ts-expect-error private by its name, in an instance too
peer.call.counter._private();
// @ts-expect-error data of an instance
peer.call.counter.count;
// @ts-expect-error a face is no promise
peer.call.then;
// @ts-expect-error the result is a promise
const wrong: number = peer.call.add(1);
// @ts-expect-error no such option
peer.with({ timeout: 5 });

// A module, as if it were imported.
const module = await host<typeof import('node:path/posix')>(new URL('./x.ts', import.meta.url), {
  in: 'thread',
});
const joined: Promise<string> = module.call.join('a', 'b');
// @ts-expect-error there is no such place
host(new URL('./x.ts', import.meta.url), { in: 'cloud' });

// A service whose type is not known takes any name.
const stranger = await connect('unix:/tmp/x.sock');
stranger.call.anything.at.all(1, 'two');
for await (const item of stranger.call.stream()) void item;

// Both ends call; a server knows its peers.
type Browser = { show(text: string): void };
const server = await serve<Browser>('local:x', (browser) => ({ greet: () => browser.call.show('hi') }));
for (const one of server.peers) one.notify.show('one');
server.notify.show('all');
// @ts-expect-error not a function of the peers
server.notify.hide();

// A class can be the type of a service.
type CounterClient = Client<Counter>;
same<Equal<keyof CounterClient, 'increment'>>();

export { counted, hello, joined, stream, sum, wrong };
