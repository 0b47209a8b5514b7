/** Bytes, echoed: the rate, and separately the memory that one message needs on its way. */
import { meter } from '../measure/meter.ts';
import { descendants, memory } from '../measure/operating-system.ts';
import { perUnit } from './calls.ts';
import { collect, part, type Run, warmUp } from './lab.ts';

const MiB = 1024 * 1024;

/** One echo after the other. */
export function echoed(size: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    const echo = checkedEcho(part(session, 'bytes'), size);
    const run = async (ms: number): Promise<number> => {
      let count = 0;
      for (const end = performance.now() + ms; performance.now() < end; count++) await echo();
      return count;
    };
    await warmUp(scale.warmCpuMs, run);
    globalThis.gc?.();
    const { result, usage } = await meter(() => run(scale.measureMs));
    await session.close();
    const figures = perUnit('message', result, usage);
    return {
      figures: { ...figures, MiBPerSecond: ((figures.messagesPerSecond ?? 0) * size) / MiB },
      usage,
    };
  };
}

/**
 * What one echo needs, as a multiple of the message: the peak of each side less what it had before there was a message,
 * so that the one which the caller holds counts too. One echo in fresh processes, because after many the peak says when
 * V8 chose to collect.
 */
export function memoryOfEcho(size: number): Run {
  return async ({ open }) => {
    const session = await open();
    const bytes = part(session, 'bytes');
    const small = new Uint8Array(1024);
    for (let i = 0; i < 200; i++) await bytes(small);
    await collect();
    const pids = [process.pid, ...descendants(process.pid)];
    const before = pids.map((pid) => memory(pid).residentKiB);
    const { usage } = await meter(async () => {
      const echo = checkedEcho(bytes, size);
      await echo();
    });
    const [client = 0, ...servers] = pids.map(
      (pid, i) => ((memory(pid).peakKiB - (before[i] as number)) * 1024) / size,
    );
    await session.close();
    return {
      figures: { clientPeakMessages: client, serverPeakMessages: servers.reduce((a, b) => a + b, 0) },
      usage,
    };
  };
}

/** Sends the same bytes each time, and looks at some of those that come back: looking at all would be the measurement. */
function checkedEcho(bytes: (data: Uint8Array) => Promise<Uint8Array>, size: number): () => Promise<void> {
  const data = new Uint8Array(size);
  for (let i = 0; i < size; i += 4096) data[i] = (i / 4096) % 251;
  return async () => {
    const back = await bytes(data);
    if (back.byteLength !== size) throw new Error(`${size} bytes came back as ${back.byteLength}`);
    for (let i = 0; i < size; i += 65_536)
      if (back[i] !== data[i]) throw new Error(`byte ${i} came back as ${back[i]}`);
  };
}
