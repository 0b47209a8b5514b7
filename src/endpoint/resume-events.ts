/** What those hear who watch connections that are lost and made again. */
import type { ResumeEvents } from '../channel/dial-again.ts';
import { events } from './runtime.ts';

/** `end`: whether this end has dialled, and dials again, or has accepted, and waits. */
export function resumeEvents(address: string, end: 'dialled' | 'accepted'): ResumeEvents {
  return {
    lost: (windowMs) => events.publish('kindred:connection.lost', () => ({ address, end, windowMs })),
    resumed: (outageMs) => events.publish('kindred:connection.resumed', () => ({ address, end, outageMs })),
  };
}
