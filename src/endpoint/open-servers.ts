/** What `serve` has opened in this process, for whoever ends it in good order without having opened it. */

export interface OpenServer {
  drain(options?: { timeoutMs?: number }): Promise<void>;
  readonly closed: Promise<unknown>;
}

const key = Symbol.for('kindred.servers');
// They are a fact of the whole process: whoever ends it knows those of every copy of the package.
const shared = globalThis as { [key]?: Set<OpenServer> };

/** Until it is closed. */
export function rememberServer(server: OpenServer): void {
  shared[key] ??= new Set();
  const servers = shared[key];
  servers.add(server);
  void server.closed.then(() => servers.delete(server));
}

export function openServers(): OpenServer[] {
  return [...(shared[key] ?? [])];
}
