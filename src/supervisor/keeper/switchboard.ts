/**
 * Passes on what routers and services say to each other (`../routes/route-words.ts`), with the sockets that go along: they are
 * no kin, and the keeper is parent of both. It holds nothing: a socket stays open in its router until the service has said
 * that it has taken it.
 */
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { type Clock, systemClock } from '../../base/clock.ts';
import { drop, type Handle } from '../../handles/givable.ts';
import { stopReading } from '../../handles/node-internals.ts';
import { openRouteWords, type RouteSays, routeWords } from '../routes/route-words.ts';

export interface Switchboard {
  /** A process that takes connections, by its id. */
  joinTaker(id: string, child: ChildProcess): void;
  /** A router, by a name that no other has had. */
  joinRouter(name: string, child: ChildProcess): void;
}

interface Post {
  readonly child: ChildProcess;
  /** Our copies of what is being written. */
  readonly passing: Set<Handle>;
}

/** The end of a channel is not told where a process was killed with a handle on its way. */
const lingerMs = 1000;

export function createSwitchboard(clock: Clock = systemClock): Switchboard {
  const takers = new Map<string, Post>();
  const routers = new Map<string, Post>();

  function join(own: Map<string, Post>, others: Map<string, Post>, name: string, child: ChildProcess): void {
    const post: Post = { child, passing: new Set() };
    own.set(name, post);
    child.on('message', (message, handle) => {
      // What arrives is read where nobody says otherwise.
      if (handle instanceof Socket) stopReading(handle);
      const says = openRouteWords(message);
      const to = says?.say === 'line' ? others.get(says.line) : undefined;
      if (says?.say !== 'line' || to === undefined) return drop(handle as Handle | undefined);
      pass(to, { say: 'line', line: name, said: says.said }, handle as Handle | undefined);
    });
    const tellOthers = (say: 'ended' | 'cut'): void => {
      for (const other of others.values()) pass(other, { say, line: name }, undefined);
    };
    const over = (): void => {
      if (own.get(name) !== post) return;
      own.delete(name);
      for (const handle of post.passing) drop(handle);
      tellOthers('cut');
    };
    child.once('exit', () => {
      tellOthers('ended');
      clock.after(lingerMs, over).unref();
    });
    child.once('disconnect', over);
  }

  return {
    joinTaker: (id, child) => join(takers, routers, id, child),
    joinRouter: (name, child) => join(routers, takers, name, child),
  };
}

function pass({ child, passing }: Post, says: RouteSays, handle: Handle | undefined): void {
  if (child.connected !== true) return drop(handle);
  if (handle === undefined) return void child.send(routeWords(says), () => {});
  passing.add(handle);
  const done = (): void => {
    passing.delete(handle);
    drop(handle);
  };
  try {
    child.send(routeWords(says), handle, { keepOpen: true }, done);
  } catch {
    // It was reset meanwhile; its router finds that out.
    done();
  }
}
