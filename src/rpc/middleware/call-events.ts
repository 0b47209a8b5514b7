/** Middleware: an event for each call, for logs and measurements. */
import { type Clock, systemClock } from '../../base/clock.ts';
import type { EventsPort } from '../context.ts';
import type { Middleware } from '../peer.ts';

/** `kindred:call.settled` for each call and notification, in the order in which they settle. Free where nobody listens. */
export function createCallEvents(events: EventsPort, clock: Clock = systemClock): Middleware {
  return (next) => async (call) => {
    const since = clock.now();
    const settled = (error: unknown): void =>
      events.publish('kindred:call.settled', () => ({
        peer: call.peer,
        direction: call.direction,
        kind: call.kind,
        method: call.method,
        durationMs: clock.now() - since,
        error,
      }));
    try {
      const value = await next(call);
      settled(undefined);
      return value;
    } catch (error) {
      settled(error);
      throw error;
    }
  };
}
