/** The transport of an end that has dialled, where it can dial again. */
import { systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { dialsAgain, type Redial } from '../channel/dial-again.ts';
import { Line } from '../channel/line.ts';
import { Resumable } from '../channel/resumable.ts';
import type { Transport } from '../channel/transport.ts';
import { helloOf } from '../rpc/channel-peer.ts';
import { nodeText } from '../transports/node-text.ts';
import { codeOf } from '../transports/system-errors.ts';
import type { Limits } from '../wire/limits.ts';
import { resumeEvents } from './resume-events.ts';

export function resuming(transport: Transport, redial: Redial, limits: Limits): Transport {
  if (transport.form !== 'bytes' || transport.mayVanish !== true) return transport;
  const { maxBufferedBytes, resumeMs, handshakeMs } = limits;
  const text = nodeText;
  const clock = systemClock;
  return new Resumable(
    new Line(transport),
    (own) =>
      dialsAgain(own, {
        redial,
        isRefusal: (error) => error instanceof KindredError && codeOf(error.cause) === 'ECONNREFUSED',
        windowMs: resumeMs,
        maxKeptBytes: maxBufferedBytes,
        handshakeMs,
        hello: helloOf(limits),
        text,
        clock,
        events: resumeEvents(transport.name, 'dialled'),
      }),
    { maxKeptBytes: maxBufferedBytes, text, clock },
  );
}
