/** Streams from server to client: large chunks, small items, and a reader that is slower than the writer. */
import { setTimeout as wait } from 'node:timers/promises';
import { meter } from '../measure/meter.ts';
import { descendants, forgetPeak, memory } from '../measure/operating-system.ts';
import { checkPayload, firstId } from '../payload.ts';
import { chunkBytes } from '../service.ts';
import { perUnit } from './calls.ts';
import { part, type Run, warmUp } from './lab.ts';
import { send } from './notifications.ts';

const MiB = 1024 * 1024;

/** A stream of 64 KiB chunks, so many bytes in all. */
export function chunkStream(size: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    const chunks = part(session, 'chunks');
    const run = async (bytes: number): Promise<number> => {
      let got = 0;
      await chunks(Math.ceil(bytes / chunkBytes), (chunk) => {
        got += chunk.byteLength;
        if (chunk[0] !== 7) throw new Error('a chunk arrived with other bytes');
      });
      if (got < bytes) throw new Error(`of ${bytes} bytes ${got} arrived`);
      return got;
    };
    const whole = size * scale.size;
    await warmUp(scale.warmCpuMs, () => run(whole / 16));
    globalThis.gc?.();
    const { result, usage } = await meter(() => run(whole));
    await session.close();
    const figures = perUnit('byte', result, usage);
    return {
      figures: {
        MiBPerSecond: (figures.bytesPerSecond ?? 0) / MiB,
        cpuUsPerMiB: (figures.cpuUs ?? 0) * MiB,
        clientPeakMiB: figures.clientPeakMiB ?? 0,
        serverPeakMiB: figures.serverPeakMiB ?? 0,
      },
      usage,
    };
  };
}

/** Small items. By hand they are notifications, one after the other. */
export function itemStream(count: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    if (session.items === undefined) {
      await warmUp(scale.warmCpuMs, (ms) => send(session, ms));
      globalThis.gc?.();
      const { result, usage } = await meter(() => send(session, scale.measureMs));
      await session.close();
      return { figures: perUnit('item', result, usage), usage };
    }
    const items = part(session, 'items');
    const run = async (wanted: number): Promise<number> => {
      let got = 0;
      await items(wanted, (item) => {
        if (item.id !== firstId + got++) throw new Error(`item ${got} arrived out of order`);
        checkPayload(item);
      });
      if (got !== wanted) throw new Error(`of ${wanted} items ${got} arrived`);
      return got;
    };
    const whole = Math.round(count * scale.size);
    await warmUp(scale.warmCpuMs, () => run(Math.ceil(whole / 16)));
    globalThis.gc?.();
    const { result, usage } = await meter(() => run(whole));
    await session.close();
    return { figures: perUnit('item', result, usage), usage };
  };
}

/**
 * A reader that takes 64 KiB a millisecond or so, of a writer whose every chunk is memory of its own. A short stream has
 * shown both sides what they need: told is how far the peak of a long one lies above what was in memory before it.
 */
export function slowReader(size: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    const chunks = part(session, 'chunks');
    const pids = [process.pid, ...descendants(process.pid)];
    const count = Math.ceil((size * scale.size) / chunkBytes);
    const run = (some: number): Promise<void> => chunks(some, () => wait(1), true);
    await run(Math.ceil(count / 8));
    const settled = pids.map((pid) => memory(pid).residentKiB);
    for (const pid of pids) forgetPeak(pid);
    const { usage } = await meter(() => run(count));
    const [client = 0, server = 0] = pids.map(
      (pid, i) => (memory(pid).peakKiB - (settled[i] as number)) / 1024,
    );
    await session.close();
    return { figures: { clientGrowthMiB: client, serverGrowthMiB: server }, usage };
  };
}
