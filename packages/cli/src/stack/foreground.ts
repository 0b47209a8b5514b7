/**
 * A stack in the foreground: its life is that of the command.
 *
 * ```
 *   starting --all are ready, or some have failed--> running (logs and events) --SIGHUP--> running
 *   starting, running --SIGINT, SIGTERM--> going down --all is gone--> (exit 0)
 *                     --its keeper ends, asked by somebody else--> (exit 0; where it was killed: 1)
 *   going down --a second signal--> killed
 * ```
 */
import { closeSync, openSync } from 'node:fs';
import type { CheckedStack, LogRecord, Progress, StackEvent, watchFiles } from 'kindred/supervisor';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { type ControlClient, isBrainGone, openControl, withControl } from './asking.ts';
import { untilStopped } from './ending.ts';
import { textBeside } from './events.ts';
import { followEvents, followLogs } from './follow.ts';
import { logShower, type Shown } from './logs.ts';
import { pause } from './pause.ts';
import { GivenUp, placeOf } from './progress.ts';
import { type ServiceManager, serviceManager } from './service-manager.ts';
import type { Started } from './started.ts';
import { untilUp } from './until-up.ts';
import { watchSources } from './watch-sources.ts';
import type { StackFlags } from './which-stack.ts';

export async function foreground(
  terminal: Terminal,
  flags: StackFlags & { name: string },
  start: () => Promise<Started>,
  sources?: (CheckedStack & { file: string }) | undefined,
): Promise<void> {
  const manager = serviceManager();
  // From here on a hang-up is no end of this process.
  const hangUps: { act(): void } = { act: () => {} };
  const onHangUp = (): void => hangUps.act();
  process.on('SIGHUP', onHangUp);
  const startedAt = Date.now();
  try {
    if (flags.json !== true) terminal.tell(`${flags.name}: its keeper is started`);
    const keeper = await start();
    const session = new ForegroundSession(terminal, flags, keeper, manager);
    hangUps.act = () => session.hangUp();
    if (sources !== undefined) {
      const { watchFiles } = await import('kindred/supervisor');
      session.watch(sources, watchFiles);
    }
    await session.run(startedAt);
  } finally {
    process.off('SIGHUP', onHangUp);
  }
}

class ForegroundSession {
  readonly #terminal: Terminal;
  readonly #flags: StackFlags & { name: string };
  /** Of the start alone. */
  readonly #timeout: number | undefined;
  readonly #keeper: Started;
  readonly #manager: ServiceManager | undefined;
  readonly #line: (shown: Shown) => string;
  /** Fires when nothing is to be shown or asked any more. */
  readonly #over = new AbortController();
  /** Fires when it is to go down because its terminal is gone. */
  readonly #hungUp = new AbortController();
  #reloading: Promise<void> | undefined;

  constructor(
    terminal: Terminal,
    flags: StackFlags & { name: string },
    keeper: Started,
    manager: ServiceManager | undefined,
  ) {
    this.#terminal = terminal;
    const { timeout, ...rest } = flags;
    this.#flags = rest;
    this.#timeout = timeout;
    this.#keeper = keeper;
    this.#manager = manager;
    this.#line = logShower(terminal.out);
  }

  async run(startedAt: number): Promise<void> {
    const { ended, kill } = this.#keeper;
    const onCut = (): void => kill();
    this.#terminal.cut.addEventListener('abort', onCut, { once: true });
    const told = AbortSignal.any([this.#terminal.stop, this.#hungUp.signal]);
    const shown = [
      this.#unlessOver('logs', () => this.#showLogs(startedAt)),
      this.#unlessOver('events', () => this.#showEvents()),
      this.#signs(),
    ];
    try {
      void this.#showStart(told);
      const exit = await Promise.race([ended, fired(told)]);
      if (exit === undefined) {
        await this.#goDown();
        await ended;
      } else if (exit.exitCode !== 0)
        throw new GivenUp(
          `the keeper of ${this.#flags.name} was ended${exit.signal === null ? ` with exit code ${exit.exitCode}` : ` by ${exit.signal}`}: the next kindred up cleans up what it has left`,
        );
      else if (this.#flags.json !== true) this.#terminal.tell(`${this.#flags.name} has ended`);
    } finally {
      this.#over.abort();
      this.#terminal.cut.removeEventListener('abort', onCut);
      await Promise.all(shown);
    }
  }

  /** Reads the config again, makes the stack so, and reloads what that has not replaced; where the terminal is gone, ends. */
  hangUp(): void {
    if (this.#terminal.out.live && !hasTerminal()) return this.#hungUp.abort();
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
  }

  /** `--watch`: what has changed is restarted; a config is applied. One after the other. */
  watch(sources: CheckedStack & { file: string }, watchPaths: typeof watchFiles): void {
    let last: Promise<void> = Promise.resolve();
    const { signal } = this.#over;
    watchSources(
      sources,
      {
        signal,
        onChange: (services) => {
          last = last.then(() =>
            this.#attempt('watch', async (control) =>
              this.#carry(await (services === undefined ? control.apply() : control.restart(services))),
            ),
          );
        },
        onFault: (error) => this.#terminal.tell(`watch: ${error.message}`),
      },
      watchPaths,
    );
  }

  async #reload(): Promise<void> {
    await this.#manager?.tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    await this.#attempt('reload', async (control) => {
      const replaced = new Set(
        (await control.plan()).flatMap((change) => ('service' in change ? [change.service] : [])),
      );
      await this.#carry(await control.apply());
      const others = (await control.status()).services
        .filter(({ service, ready }) => ready > 0 && !replaced.has(service))
        .map(({ service }) => service);
      if (others.length > 0) await this.#carry(await control.reload(others));
    });
    await this.#manager?.tell('READY=1');
  }

  async #showStart(signal: AbortSignal): Promise<void> {
    await this.#attempt(
      'start',
      () =>
        this.#carry(
          untilUp(
            { ...this.#flags, ...(this.#timeout === undefined ? {} : { timeout: this.#timeout }) },
            signal,
          ),
        ),
      signal,
    );
    if (signal.aborted) return;
    const informed = await this.#manager?.tell('READY=1', `STATUS=${this.#flags.name} runs`);
    if (informed === false)
      this.#terminal.tell(
        'systemd waits to be told that the stack runs, and systemd-notify cannot do it: it comes with systemd',
      );
  }

  /** What fails is told, and is no end of the stack. */
  async #attempt(
    what: string,
    work: (control: ControlClient) => Promise<void>,
    signal: AbortSignal = this.#over.signal,
  ): Promise<void> {
    const { tell, paint } = this.#terminal;
    try {
      const { control, close } = await openControl(this.#flags, AbortSignal.any([signal, this.#over.signal]));
      await work(control).finally(close);
    } catch (error) {
      if (signal.aborted || this.#over.signal.aborted || isBrainGone(error)) return;
      tell(`${paint('red', `kindred: ${what}:`)} ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** What it does is shown by its events. */
  async #carry(steps: AsyncIterable<Progress>): Promise<void> {
    for await (const { kind, text } of steps) {
      if (kind === 'failed') throw new GivenUp(text);
      if (kind === 'done' && this.#flags.json !== true) this.#terminal.tell(`${this.#flags.name}: ${text}`);
    }
  }

  async #showLogs(since: number): Promise<void> {
    for await (const record of followLogs(this.#flags, { since, follow: true }, this.#over.signal))
      await this.#print(record, record);
  }

  async #showEvents(): Promise<void> {
    for await (const event of followEvents(this.#flags, { follow: true }, this.#over.signal)) {
      const log = placeOf(event) || this.#flags.name;
      await this.#print(event, { at: event.at, log, stream: 'event', text: textBeside(log, event.text) });
    }
  }

  #print(value: LogRecord | StackEvent, shown: Shown): Promise<void> {
    return this.#terminal.print(this.#flags.json === true ? lineOf(value) : this.#line(shown));
  }

  /** Goes on until all is over; a stdout that nobody reads is the end of the stack, and not of this. */
  async #unlessOver(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#over.signal.aborted || this.#terminal.stopped !== undefined) return;
      this.#terminal.tell(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Signs of life for systemd: no sign where the brain does not answer. */
  async #signs(): Promise<void> {
    const everyMs = this.#manager?.watchdogMs;
    if (everyMs === undefined) return;
    while (await pause(everyMs, this.#over.signal)) {
      const alive = await withControl({ ...this.#flags, timeout: everyMs }, this.#terminal, (control) =>
        control.status(),
      ).then(
        () => true,
        () => false,
      );
      if (alive) await this.#manager?.tell('WATCHDOG=1');
    }
  }

  async #goDown(): Promise<void> {
    const { name } = this.#flags;
    if (this.#flags.json !== true) this.#terminal.tell(`${name} goes down (again to end at once)`);
    void this.#manager?.tell('STOPPING=1');
    try {
      const { control, close } = await openControl(this.#flags, this.#terminal.cut);
      await untilStopped(this.#terminal, true, async () => this.#carry(await control.down())).finally(close);
    } catch (error) {
      // A brain that cannot be asked is no reason to stay: the keeper ends without it.
      if (!isBrainGone(error)) this.#keeper.end();
    }
  }
}

/** Resolves with undefined when it fires. */
function fired(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

/** Whether the terminal that this process was started from is still there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
