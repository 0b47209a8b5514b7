/**
 * A program that knows nothing of a supervisor is ready when its servers listen at what it was started with: by `inherited`,
 * by a declared place, or by the number of the descriptor.
 */
import { Server } from 'node:net';
import { firstListenFd } from '../../handles/listen-fds.ts';
import { ready } from '../../process/ready.ts';

/** Calls `ready()` once servers of this thread listen at all of so many inherited sockets. */
export function sayReadyWhenTaken(count: number): void {
  const taken = new Set<number>();
  const own = Server.prototype.listen;
  function listen(this: Server, ...args: unknown[]): Server {
    const { fd } = Object(args[0]) as { fd?: unknown };
    if (typeof fd === 'number' && fd >= firstListenFd && fd < firstListenFd + count)
      this.once('listening', () => {
        taken.add(fd);
        if (taken.size === count) ready();
      });
    return Reflect.apply(own, this, args) as Server;
  }
  Object.defineProperty(Server.prototype, 'listen', { value: listen, writable: true, configurable: true });
}
