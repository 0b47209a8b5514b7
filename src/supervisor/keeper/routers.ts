/**
 * The routers of the keeper's listeners, each a process whose life never ends by itself.
 *
 * ```
 *   starting --READY=1--> up --exit--> waiting --time--> starting       (connections wait in the kernel meanwhile)
 *   starting --exit, 30 s-----------> waiting
 *   up --no answer for 30 s, SIGKILL--> (exit)
 *   up --another program--> up, with another starting --READY=1--> up (the other; this one finishes what it has, and ends)
 *   any --remove(), end()--> ended
 * ```
 */
import { isDeepStrictEqual } from 'node:util';
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import type { Exit } from '../../process/outcome.ts';
import { openRouteWords, type RouteSays, routeWords } from '../routes/route-words.ts';
import type { KeptRoute, RouteEntry } from './keeper.ts';
import type { LentDescriptor } from './listeners.ts';
import { type Member, startMember } from './staff.ts';
import type { Switchboard } from './switchboard.ts';

export interface Routers {
  /** From now on; the router follows. */
  set(route: KeptRoute): void;
  remove(listener: string): Promise<void>;
  entries(): RouteEntry[];
  end(): Promise<void>;
}

export interface RouterSurroundings {
  /** Of the keeper. */
  directory: string;
  switchboard: Switchboard;
  lend(listener: string): Promise<LentDescriptor>;
  onReady(listener: string, pid: number): void;
  onExit(listener: string, exit: Exit): void;
  clock: Clock;
  /** One that has not answered for so long is started again, in milliseconds. Default 30,000. */
  answerTimeoutMs?: number | undefined;
}

const backoff: Backoff = { firstMs: 50, maxMs: 10_000 };
/** One that has lived as long has not failed. */
const soundMs = 1000;
const startTimeoutMs = 30_000;
/** How long a rule may keep its router from answering. */
const defaultAnswerMs = 30_000;
/** Asked so often within the time that it may take to answer. */
const asks = 3;
/** How long one may take to give back what it has. */
const endGraceMs = 2000;
/** How long one in whose place there is another may take to finish what it has. */
const replacedGraceMs = 40_000;

export function keepRouters(around: RouterSurroundings): Routers {
  const posts = new Map<string, Post>();
  let serial = 0;
  const remove = async (listener: string): Promise<void> => {
    const post = posts.get(listener);
    posts.delete(listener);
    await post?.end();
  };
  return {
    set(route) {
      const post = posts.get(route.listener);
      if (post !== undefined) return post.change(route);
      posts.set(route.listener, new Post(route, () => `${route.listener}#${++serial}`, around));
    },
    remove,
    entries: () => [...posts.values()].map(({ route, pid }) => ({ ...route, pid })),
    async end() {
      await Promise.all([...posts.keys()].map(remove));
    },
  };
}

class Post {
  route: KeptRoute;
  readonly #around: RouterSurroundings;
  readonly #nextName: () => string;
  readonly #over = new AbortController();
  readonly #running = new Set<Member>();
  readonly #living: Promise<void>;
  #current: Member | undefined;
  #changed = new AbortController();

  constructor(route: KeptRoute, nextName: () => string, around: RouterSurroundings) {
    this.route = route;
    this.#nextName = nextName;
    this.#around = around;
    this.#living = this.#live();
  }

  get pid(): number | undefined {
    return this.#current?.child.pid;
  }

  change(route: KeptRoute): void {
    const { router } = this.route;
    this.route = route;
    if (!isDeepStrictEqual(router, route.router)) this.#changed.abort();
    for (const member of this.#running) this.#tellTargets(member);
  }

  async end(): Promise<void> {
    this.#over.abort();
    this.#changed.abort();
    await Promise.all([...this.#running].map((member) => dismiss(member, endGraceMs)));
    await this.#living;
  }

  async #live(): Promise<void> {
    const { clock, onReady, onExit } = this.#around;
    let failures = 0;
    let former: Member | undefined;
    while (!this.#over.signal.aborted) {
      const startedAt = clock.now();
      this.#changed = new AbortController();
      const changed = new Promise<undefined>((resolve) => {
        this.#changed.signal.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      const member = await this.#start().catch(() => undefined);
      let isReady = false;
      if (member !== undefined) {
        this.#current = member;
        if (this.#over.signal.aborted) void dismiss(member, endGraceMs);
        isReady = await member.ready.then(
          () => true,
          () => false,
        );
        if (isReady) {
          void watch(member, clock, this.#around.answerTimeoutMs ?? defaultAnswerMs);
          onReady(this.route.listener, member.child.pid as number);
          if (former !== undefined) void retire(former, clock);
          former = undefined;
        } else member.child.kill('SIGKILL');
        const exit = await (isReady ? Promise.race([member.exited, changed]) : member.exited);
        if (this.#over.signal.aborted) break;
        if (exit === undefined) {
          former = member;
          continue;
        }
        onExit(this.route.listener, exit);
      }
      failures = isReady && clock.now() - startedAt >= soundMs ? 1 : failures + 1;
      await pause(failures === 1 ? 0 : backoffMs(failures - 1, backoff), clock, this.#over.signal);
    }
    await Promise.all([...this.#running].map(({ exited }) => exited));
  }

  async #start(): Promise<Member> {
    const { directory, switchboard, lend, clock } = this.#around;
    const { listener, router } = this.route;
    const { fd, release } = await lend(listener);
    try {
      const wiring = { channel: 'ipc', descriptors: [fd] } as const;
      const member = startMember(directory, router, 'killed', startTimeoutMs, clock, wiring);
      this.#running.add(member);
      void member.exited.then(() => this.#running.delete(member));
      switchboard.joinRouter(this.#nextName(), member.child);
      this.#tellTargets(member);
      return member;
    } finally {
      release();
    }
  }

  #tellTargets(member: Member): void {
    say(member, { say: 'targets', targets: this.route.targets });
  }
}

function say({ child }: Member, says: RouteSays): void {
  if (child.connected === true) child.send(routeWords(says), () => {});
}

async function watch(member: Member, clock: Clock, answerMs: number): Promise<void> {
  const { child, exited } = member;
  const gone = new AbortController();
  void exited.then(() => gone.abort());
  let answeredAt = clock.now();
  child.on('message', (message) => {
    if (openRouteWords(message)?.say === 'pong') answeredAt = clock.now();
  });
  while (!gone.signal.aborted) {
    say(member, { say: 'ping' });
    const askedAt = clock.now();
    await pause(answerMs / asks, clock, gone.signal);
    // Where this process itself did not turn for so long, nobody could be heard.
    if (clock.now() - askedAt > answerMs) answeredAt = clock.now();
    if (!gone.signal.aborted && clock.now() - answeredAt >= answerMs) child.kill('SIGKILL');
  }
}

/** What waits there for a process is reset. */
async function dismiss({ child, exited }: Member, graceMs: number): Promise<void> {
  await child.terminate({ graceMs, tree: true }).catch(() => {});
  await exited;
}

async function retire(member: Member, clock: Clock): Promise<void> {
  const { child, exited } = member;
  say(member, { say: 'close' });
  const late = clock.after(replacedGraceMs, () => child.kill('SIGKILL'));
  late.unref();
  await exited;
  late.cancel();
}
