/** Middleware: who may call what. */
import type { Middleware, MiddlewareCall } from '../peer.ts';
import { refused } from './refused.ts';

/** True: it may. False or a reason: it may not. */
export type AccessRule = (call: MiddlewareCall) => boolean | string | Promise<boolean | string>;

/**
 * Refuses the calls and notifications to which `rule` says no, with `ERR_FORBIDDEN` (`not-sent`); its reason is told to the
 * caller. Where the rule throws, the call fails: it does not run.
 */
export function accessRule(rule: AccessRule): Middleware {
  return (next) => async (call) => {
    const verdict = await rule(call);
    // Whatever else it gives is no permission.
    if (verdict === true) return next(call);
    throw refused(call, 'ERR_FORBIDDEN', typeof verdict === 'string' ? verdict : 'its caller may not');
  };
}
