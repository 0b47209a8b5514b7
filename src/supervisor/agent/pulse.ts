/**
 * The pulse of the main thread: it counts here, where another thread reads, so that what it costs the service is a timer and
 * an addition for each call.
 */
import { subscribe } from 'node:diagnostics_channel';
import { onSideThread } from '../../process/side-thread.ts';
import type { AgentOrders } from './agent-orders.ts';
import { cells, type PulseData } from './pulse-cells.ts';
import type { WordsLine } from './words-line.ts';

const defaultLoadEveryMs = 5000;
const longestBeatMs = 500;

export function startPulse(words: WordsLine, orders: AgentOrders): void {
  const { loadEveryMs = defaultLoadEveryMs } = orders;
  const hangMs = isDebugged() ? 0 : orders.hangMs;
  const shared = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT));
  const beatMs = hangMs > 0 ? Math.min(longestBeatMs, Math.ceil(hangMs / 4)) : longestBeatMs;
  const data: PulseData = { words, hangMs, loadEveryMs, beatMs, cells: shared };
  onSideThread({ module: new URL(thread, import.meta.url).href, data }, (error) =>
    process.emitWarning(`nobody sees whether this service hangs: ${error.message}`),
  );
  let last = performance.now();
  const timer = setInterval(function kindredBeat() {
    const now = performance.now();
    const lag = Math.round(now - last - beatMs);
    last = now;
    if (lag > Atomics.load(shared, cells.lagMs)) Atomics.store(shared, cells.lagMs, lag);
    Atomics.add(shared, cells.beats, 1);
  }, beatMs);
  timer.unref();
  const onCall = (): void => void Atomics.add(shared, cells.calls, 1);
  subscribe('http.server.request.start', onCall);
  subscribe('kindred:call.settled', (event) => {
    if ((event as { direction?: unknown }).direction === 'in') onCall();
  });
}

/** Whoever stops it at a breakpoint does not want it to be replaced for that. */
function isDebugged(): boolean {
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return flags.some((each) => each.startsWith('--inspect'));
}

/** This file's neighbour, in the sources and in what is published. */
const thread: string = import.meta.url.endsWith('.ts') ? './pulse-thread.ts' : './pulse-thread.js';
