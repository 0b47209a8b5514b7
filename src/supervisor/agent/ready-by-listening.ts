/**
 * A program that knows nothing of a supervisor is ready when its servers listen at what it was started with: by `inherited`,
 * by a declared place, or by the number of the descriptor.
 */
import { Server } from 'node:net';
import { firstListenFd } from '../../handles/listen-fds.ts';
import { ready } from '../../process/ready.ts';

/**
 * Calls `ready()` once servers of this thread listen at all of so many inherited sockets, and at all of so many that are
 * routed: for whoever sees that, it returns what is to be called.
 */
export function sayReadyWhenTaken(count: number, routed: number = 0): (name: string) => void {
  const taken = new Set<number | string>();
  function take(which: number | string): void {
    taken.add(which);
    if (taken.size === count + routed) ready();
  }
  const own = Server.prototype.listen;
  function listen(this: Server, ...args: unknown[]): Server {
    const { fd } = Object(args[0]) as { fd?: unknown };
    if (typeof fd === 'number' && fd >= firstListenFd && fd < firstListenFd + count)
      this.once('listening', () => take(fd));
    return Reflect.apply(own, this, args) as Server;
  }
  Object.defineProperty(Server.prototype, 'listen', { value: listen, writable: true, configurable: true });
  return take;
}
