/**
 * What a verb is doing, for whoever waits: on a terminal redrawn in place, one line for each instance; elsewhere a plain
 * line for each step. With `--json` each step is one line of JSON on stdout.
 */
import type { Progress } from 'kindred/supervisor';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { durationOf } from './figures.ts';
import { shownText } from './shown-text.ts';
import { cut } from './table.ts';

/** What the stack gave up, in its own words. */
export class GivenUp extends Error {}

/** Until it is through. Throws `GivenUp` where the stack says that it failed. */
export async function showProgress(
  steps: AsyncIterable<Progress>,
  terminal: Terminal,
  { json = false }: { json?: boolean | undefined } = {},
): Promise<void> {
  const board = json ? undefined : await openBoard(terminal);
  let failed: string | undefined;
  try {
    for await (const step of steps) {
      if (json) await terminal.print(lineOf(step));
      else board?.show(step);
      if (step.kind === 'failed') failed ??= withPlace(step);
    }
  } finally {
    board?.close();
  }
  if (failed !== undefined) throw new GivenUp(failed);
}

export function placeOf({
  service,
  instance,
}: {
  service?: string | undefined;
  instance?: number | undefined;
}): string {
  return service === undefined ? '' : instance === undefined ? service : `${service}.${instance}`;
}

function withPlace(step: Progress): string {
  const place = placeOf(step);
  return place === '' || step.text.startsWith(place) ? step.text : `${place}: ${step.text}`;
}

interface Board {
  show(step: Progress): void;
  close(): void;
}

async function openBoard(terminal: Terminal): Promise<Board> {
  const { err } = terminal;
  if (!err.live) return plainBoard(terminal);
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(err.stream as NodeJS.WriteStream);
  const startedAt = performance.now();
  const latest = new Map<string, Progress>();
  let ticks = 0;
  let last: Progress | undefined;
  const redraw = (): void => {
    const spin = err.paint('cyan', frames[ticks % frames.length] ?? '');
    const lines = [...latest.values()].map((step) => `  ${lineFor(step)}`);
    // The newest stand below; one line is for the head, one for the cursor.
    const room = Math.max(1, err.rows - 3);
    const hidden = Math.max(0, lines.length - room);
    const head = `${spin} ${durationOf(performance.now() - startedAt)}${hidden === 0 ? '' : `, ${hidden} more above`}`;
    draw([head, ...lines.slice(hidden)].map((line) => cut(line, err.columns - 1)).join('\n'));
  };
  const timer = setInterval(() => {
    ticks++;
    redraw();
  }, frameMs);
  return {
    show(step) {
      last = step;
      if (step.kind === 'step') {
        const place = placeOf(step);
        // What moves last stands last.
        latest.delete(place);
        latest.set(place, step);
        redraw();
      }
    },
    close() {
      clearInterval(timer);
      draw.clear();
      draw.done();
      if (last?.kind === 'done')
        terminal.tell(
          `${err.paint('green', 'done')} ${shownText(withPlace(last), { colours: false })} (${durationOf(performance.now() - startedAt)})`,
        );
    },
  };
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;

function lineFor(step: Progress): string {
  return shownText(withPlace(step), { colours: false });
}

function plainBoard(terminal: Terminal): Board {
  return {
    // A failure is told as an error in the end.
    show: (step) => void (step.kind === 'failed' || terminal.tell(lineFor(step))),
    close: () => {},
  };
}
