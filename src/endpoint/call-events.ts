/** Middleware that tells of calls on `node:diagnostics_channel`. */
import { createCallEvents } from '../rpc/middleware/call-events.ts';
import type { Middleware } from '../rpc/peer.ts';
import { events } from './runtime.ts';

/**
 * Publishes `kindred:call.settled` for each call and notification that goes through, on either side: `peer`, `direction`,
 * `kind`, `method`, `durationMs` (until the result; a stream may take longer) and `error`, which is undefined where it
 * succeeded. Free where nobody listens.
 */
export function callEvents(): Middleware {
  return createCallEvents(events);
}
