/** One-way messages: how many arrive in a second, counted at the other end. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from '../contender.ts';
import { meter } from '../measure/meter.ts';
import { createNote, firstId } from '../payload.ts';
import { perUnit } from './calls.ts';
import { part, type Run, warmUp } from './lab.ts';

/** Sent before the sender looks whether it should wait. */
const batch = 256;

export const notifications: Run = async ({ open, scale }) => {
  const session = await open();
  await warmUp(scale.warmCpuMs, (ms) => send(session, ms));
  globalThis.gc?.();
  const { result, usage } = await meter(() => send(session, scale.measureMs));
  await session.close();
  return { figures: perUnit('note', result, usage), usage };
};

/** Sends for so long, then waits until all have arrived; gives how many. */
export async function send(session: Session, ms: number): Promise<number> {
  const notify = part(session, 'notify');
  const total = part(session, 'total');
  const before = await total();
  let sent = 0;
  const end = performance.now() + ms;
  while (performance.now() < end) {
    let room: Promise<unknown> | undefined;
    for (let i = 0; i < batch; i++) room = notify(createNote(firstId + sent++)) ?? room;
    await (room ?? turn());
  }
  // Behind all that was sent, so what it gives is final, except where the contender keeps no order.
  for (const deadline = performance.now() + 30_000; (await total()) - before < sent; await turn())
    if (performance.now() > deadline)
      throw new Error(`of ${sent} notes only ${(await total()) - before} arrived`);
  if ((await total()) - before !== sent) throw new Error(`${sent} notes were sent, and more arrived`);
  return sent;
}
