/**
 * `kindred top`: a live screen.
 *
 * ```
 *   closed --enter--> drawn --each second, a key, another size--> drawn
 *   drawn --q, Ctrl-C, SIGTERM, an error, the end of the process--> closed (the screen is as it was before)
 * ```
 */
import { writeSync } from 'node:fs';
import type { Command } from 'commander';
import type { StackStatus } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { untilStopped } from './ending.ts';
import { looks } from './looks.ts';
import { type Order, orders, type TopView, topFrame } from './top-frame.ts';
import { TopHistory } from './top-history.ts';
import { addStackOptions, type StackFlags } from './which-stack.ts';

export function addTop(program: Command, terminal: Terminal): void {
  const command = program
    .command('top')
    .summary('watch the stack on a live screen')
    .description(
      'Shows what runs on a screen that is drawn anew every second, with graphs of what the stack has needed. q or Ctrl-C ends it, and leaves the terminal as it was.',
    )
    .action((flags: StackFlags) => top(terminal, flags));
  addStackOptions(command, 'no screen: all that is known, one line of JSON every second');
  teach(command, {
    examples: ['$ kindred top', '$ kindred top --name shop'],
    exits: ['ok', 'failed', 'usage', 'notReachable'],
  });
}

async function top(terminal: Terminal, flags: StackFlags): Promise<void> {
  const { out, stdin, stop } = terminal;
  if (flags.json === true)
    return untilStopped(terminal, true, async () => {
      for await (const status of looks(flags, stop)) await terminal.print(lineOf(status));
    });
  if (!out.live)
    throw new UsageError('top needs a terminal: kindred ps --watch prints, kindred top --json too');
  const quit = new AbortController();
  const signal = AbortSignal.any([stop, quit.signal]);
  // The first look is before the screen is taken: where nothing runs, the error stands where it can be read.
  const watched = looks(flags, signal);
  const history = new TopHistory();
  const view: TopView = { order: 'service', scrolled: 0 };
  let status: StackStatus | undefined;
  let screen: OpenScreen | undefined;
  const redraw = (): void => {
    if (status === undefined || screen === undefined) return;
    const frame = topFrame(status, history, view, out, Date.now());
    view.scrolled = frame.scrolled;
    screen.draw(frame.lines);
  };
  const keys = (chunk: Buffer | string): void => {
    for (const key of String(chunk).match(arrows) ?? []) press(key, view, () => quit.abort());
    redraw();
  };
  try {
    await untilStopped(terminal, true, async () => {
      for await (const look of watched) {
        status = look;
        history.add(look);
        screen ??= await openScreen(terminal, keys, () => redraw());
        redraw();
      }
    }).catch((error: unknown) => {
      if (!quit.signal.aborted) throw error;
    });
  } finally {
    screen?.close();
    stdin.pause();
  }
}

/** Arrows and pages as terminals send them, and single characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the keys are such
const arrows = /\x1b\[[0-9;]*[A-Za-z~]|[^\x1b]/g;

function press(key: string, view: TopView, quit: () => void): void {
  const moves: Readonly<Record<string, number>> = {
    '\x1b[A': -1,
    k: -1,
    '\x1b[B': 1,
    j: 1,
    '\x1b[5~': -10,
    '\x1b[6~': 10,
  };
  if (key === 'q' || key === '\x03') quit();
  else if (Object.hasOwn(orders, key)) view.order = orders[key as keyof typeof orders] satisfies Order;
  else view.scrolled += moves[key] ?? 0;
}

interface OpenScreen {
  draw(lines: readonly string[]): void;
  close(): void;
}

const enter = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';

/** Takes the alternate screen, and the keys; gives both back in `close`, and where the process ends without it. */
async function openScreen(
  { out, stdin }: Terminal,
  keys: (chunk: Buffer | string) => void,
  resized: () => void,
): Promise<OpenScreen> {
  const { createLogUpdate } = await import('log-update');
  const stream = out.stream as NodeJS.WriteStream;
  const draw = createLogUpdate(stream);
  const atExit = (): void => void writeSync(1, leave);
  const onResize = (): void => {
    draw.clear();
    stream.write('\x1b[2J\x1b[H');
    resized();
  };
  stream.write(enter);
  process.once('exit', atExit);
  stream.on('resize', onResize);
  const raw = stdin.isTTY === true;
  if (raw) {
    stdin.setRawMode(true);
    stdin.on('data', keys);
  }
  return {
    draw: (lines) => draw(lines.join('\n')),
    close() {
      process.off('exit', atExit);
      stream.off('resize', onResize);
      if (raw) {
        stdin.off('data', keys);
        stdin.setRawMode(false);
      }
      draw.done();
      stream.write(leave);
    },
  };
}
