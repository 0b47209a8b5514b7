/**
 * A process that ends says goodbye on the connections that could be resumed: else the other ends would wait for it, each
 * for its whole window. One that is killed cannot.
 */
import type { Channel } from '../channel/channel.ts';

/** Those of this process that are open. */
const open = new Set<Channel>();

export function leaveAtExit(channel: Channel): void {
  if (open.size === 0) process.on('exit', leave);
  open.add(channel);
  void channel.closed.then(() => {
    open.delete(channel);
    if (open.size === 0) process.off('exit', leave);
  });
}

function leave(): void {
  for (const channel of open) channel.destroy({ kind: 'closed' });
}
