/**
 * Connections of a listener that a router gives out, for a program that knows nothing of it: a server that is told to listen
 * there, or takes it by `inherited`, gets them as if it had accepted them.
 *
 * ```
 *   waiting --a server listens--> taking --it listens no more--> refusing (the router gives what comes to others)
 * ```
 * The server really listens, at a place without a name where nobody can come: so it is open, holds the process, and ends as
 * any other, with the connections that it was given.
 */
import { channel } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { isIPv6, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptInto } from '../../handles/accept-into.ts';
import { drop, type Handle } from '../../handles/givable.ts';
import { addInherited } from '../../handles/inherited.ts';
import { countAmong } from '../../handles/node-internals.ts';
import { takeHandles } from '../../handles/take-handles.ts';
import { parseAddress } from '../../transports/address.ts';
import { type Line, openLine } from '../routes/line.ts';
import { openRouteWords, routeWords } from '../routes/route-words.ts';
import { routePurpose } from '../routes/router-plan.ts';
import type { AgentOrders } from './agent-orders.ts';

type Routed = NonNullable<AgentOrders['routed']>[number];

/** From now on, for servers of this process. `onTaken`: a server listens at the one of this name. */
export function takeRouted(routed: readonly Routed[], onTaken: (name: string) => void): void {
  /** By the names of routers: each listener has one, after its end another. */
  const lines = new Map<string, Line>();
  const servers = new Map<string, Server>();

  function join(name: string, line: Line): void {
    const server = servers.get(listenerOf(name));
    if (server === undefined) return;
    const accept = acceptInto(server);
    const onHandle = (handle: Handle): void => {
      if (handle instanceof Socket) {
        countAmong(server, handle);
        // As `net` tells of one that it has accepted.
        channel('net.server.socket').publish({ socket: handle });
      }
      accept(handle);
    };
    takeHandles(line.end, onHandle, { purpose: routePurpose, accepts: () => server.listening });
  }

  function meet(name: string): Line {
    const line = openLine((said, handle, written) => {
      drop(handle);
      process.send?.(routeWords({ say: 'line', line: name, said }), written);
    });
    lines.set(name, line);
    join(name, line);
    return line;
  }

  process.on('message', (message, handle) => {
    const says = openRouteWords(message);
    if (says?.say === 'line') (lines.get(says.line) ?? meet(says.line)).hear(says.said, handle);
    else if (says?.say === 'cut') {
      lines.get(says.line)?.cut();
      lines.delete(says.line);
    }
  });
  // It is no reason to stay.
  process.channel?.unref();

  for (const { name, bound } of routed)
    addInherited(name, (server) => {
      listenNowhere(server, bound);
      servers.set(name, server);
      for (const [router, line] of lines) if (listenerOf(router) === name) join(router, line);
      server.once('listening', () => onTaken(name));
      return server;
    });
}

/** `web#2` is the second router of `web`. */
function listenerOf(router: string): string {
  return router.slice(0, router.lastIndexOf('#'));
}

const listen = Server.prototype.listen;

function listenNowhere(server: Server, bound: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-'));
  try {
    Reflect.apply(listen, server, [{ path: join(folder, 's') }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const address = addressAt(bound);
  server.address = function tell(this: Server) {
    return this.listening ? address : null;
  };
}

function addressAt(bound: string): ReturnType<Server['address']> {
  const at = parseAddress(bound);
  if (at.kind === 'unix') return at.path;
  if (at.kind !== 'tcp') return bound;
  return { address: at.host, family: isIPv6(at.host) ? 'IPv6' : 'IPv4', port: at.port };
}
