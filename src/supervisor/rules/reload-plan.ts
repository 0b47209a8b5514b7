/**
 * New processes of a service in the place of the old ones, a few at a time, and back again where one of them fails. An old
 * one goes only when its successor has been ready and healthy for a while, so that there are never fewer than before.
 *
 * ```
 *   the whole:    going <-> paused (the canaries serve) --all are through--> done
 *                 going, paused --a new one fails, or it is asked for--> rolling-back -> rolled-back
 *
 *   an instance:  waiting -> starting -> settling -> draining (the old one) -> done
 *                 waiting -> removing (the old one) -> done              fewer are wanted: the last of all
 *                 starting, settling, done -> dropping (the new one)     fewer are wanted meanwhile
 *   rolling back: waiting -> kept
 *                 starting, settling -> discarding (the new one) -> kept
 *                 draining, removing, done -> lacking -> restoring (the old one) -> discarding -> kept
 *                                                        restoring --fails--> lost (the new one stays)
 * ```
 * The state is JSON: another process can go on with it.
 */

export type Generation = 'old' | 'new';

export interface ReloadState {
  readonly phase: 'going' | 'paused' | 'rolling-back' | 'done' | 'rolled-back';
  readonly surge: number;
  readonly healthyMs: number;
  /** Pauses when so many new ones serve. */
  readonly canary?: number | undefined;
  readonly slots: readonly Slot[];
  /** What it was rolled back for. */
  readonly why?: string | undefined;
  /** How many were asked for while it was rolled back: to be done now that it is over. */
  readonly scaleTo?: number | undefined;
}

export interface Slot {
  readonly instance: number;
  readonly step: ReloadStep;
  /** Whether there is to be one in the end. */
  readonly wanted: boolean;
  readonly old: 'never' | 'there' | 'gone';
  /** There is a new one. */
  readonly fresh: boolean;
  readonly readyAtMs?: number | undefined;
}

export type ReloadStep =
  | 'waiting'
  | 'starting'
  | 'settling'
  | 'draining'
  | 'removing'
  | 'dropping'
  | 'done'
  | 'lacking'
  | 'restoring'
  | 'discarding'
  | 'kept'
  | 'lost';

export type ReloadEvent =
  | { kind: 'ready'; instance: number; generation: Generation }
  /** It was not ready in time, or its health failed, or it hung: whether it still runs does not matter. */
  | { kind: 'failed'; instance: number; generation: Generation; text: string }
  /** It is no more, whether it was asked to go or not. `text`: how it ended. */
  | { kind: 'gone'; instance: number; generation: Generation; text?: string }
  /** Time has passed. */
  | { kind: 'tick' }
  /** After a pause: all the others. */
  | { kind: 'go-on' }
  | { kind: 'roll-back'; why: string }
  | { kind: 'scale'; instances: number };

export type ReloadAction =
  /** `old`: as it was before, which is needed only to roll back. */
  | { kind: 'start'; instance: number; generation: Generation }
  /** Drains, and ends it; `gone` is to follow, also where there is none. */
  | { kind: 'stop'; instance: number; generation: Generation }
  /** A `tick` is due then. */
  | { kind: 'wake'; inMs: number };

export interface ReloadRequest {
  /** The instances that there are now. */
  readonly present: readonly number[];
  /** How many there are to be. */
  readonly wanted: number;
  readonly surge: number;
  readonly healthyMs: number;
  readonly canary?: number | undefined;
}

export interface ReloadMove {
  readonly state: ReloadState;
  readonly actions: readonly ReloadAction[];
}

export function beginReload(request: ReloadRequest, nowMs: number): ReloadMove {
  const { present, wanted, surge, healthyMs, canary } = request;
  const count = Math.max(wanted, 0, ...present);
  const slots = Array.from({ length: count }, (_, index): Slot => {
    const instance = index + 1;
    const old = present.includes(instance) ? 'there' : 'never';
    return { instance, step: 'waiting', wanted: instance <= wanted, old, fresh: false };
  }).filter(({ old, wanted }) => wanted || old === 'there');
  return new Move({ phase: 'going', surge, healthyMs, canary, slots }, nowMs).finish();
}

/** What is over (`done`, `rolled-back`) changes no more. */
export function reloadStep(state: ReloadState, event: ReloadEvent, nowMs: number): ReloadMove {
  if (state.phase === 'done' || state.phase === 'rolled-back') return { state, actions: [] };
  const move = new Move(state, nowMs);
  move.take(event);
  return move.finish();
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

/** One step while it is made. */
class Move {
  readonly #nowMs: number;
  readonly #state: Draft<ReloadState>;
  #slots: Draft<Slot>[];
  readonly #actions: ReloadAction[] = [];

  constructor(state: ReloadState, nowMs: number) {
    this.#nowMs = nowMs;
    this.#state = { ...state };
    this.#slots = state.slots.map((slot) => ({ ...slot }));
  }

  finish(): ReloadMove {
    if (this.#state.phase === 'rolling-back') this.#goBack();
    else this.#goOn();
    return { state: { ...this.#state, slots: this.#slots }, actions: this.#actions };
  }

  take(event: ReloadEvent): void {
    switch (event.kind) {
      case 'tick':
        return;
      case 'go-on':
        if (this.#state.phase !== 'paused') return;
        this.#state.phase = 'going';
        this.#state.canary = undefined;
        return;
      case 'roll-back':
        return this.#rollBack(event.why);
      case 'scale':
        return this.#scale(event.instances);
    }
    const slot = this.#slots.find(({ instance }) => instance === event.instance);
    if (slot === undefined) return;
    if (event.kind === 'ready') this.#onReady(slot, event.generation);
    else if (event.generation === 'old') this.#onOldEnd(slot, event.kind);
    else this.#onNewEnd(slot, event.kind, event.text);
  }

  #onReady(slot: Draft<Slot>, generation: Generation): void {
    if (generation === 'new' && slot.step === 'starting') {
      slot.step = 'settling';
      slot.readyAtMs = this.#nowMs;
    }
    if (generation === 'old' && slot.step === 'restoring') {
      slot.old = 'there';
      this.#discard(slot);
    }
  }

  /** One that is not on its way out, and falls, is started again by whoever restarts what falls: it is no matter of the reload. */
  #onOldEnd(slot: Draft<Slot>, kind: 'failed' | 'gone'): void {
    if (slot.step === 'restoring') {
      slot.step = 'lost';
      if (kind === 'failed') this.#act('stop', slot, 'old');
    } else if (kind === 'gone' && (slot.step === 'draining' || slot.step === 'removing')) {
      slot.old = 'gone';
      if (this.#state.phase === 'rolling-back') slot.step = 'lacking';
      else slot.step = slot.step === 'removing' && slot.wanted ? 'waiting' : 'done';
    }
  }

  #onNewEnd(slot: Draft<Slot>, kind: 'failed' | 'gone', text = 'has ended'): void {
    const wasFresh = slot.fresh;
    if (kind === 'gone') slot.fresh = false;
    if (slot.step === 'dropping') {
      if (kind === 'failed') return;
      if (this.#state.phase === 'rolling-back') slot.step = slot.old === 'gone' ? 'lacking' : 'kept';
      else slot.step = slot.wanted || slot.old === 'there' ? 'waiting' : 'done';
    } else if (slot.step === 'discarding') {
      if (kind === 'gone') slot.step = 'kept';
    } else if (wasFresh) this.#rollBack(`instance ${slot.instance} ${text}`);
  }

  #scale(instances: number): void {
    if (this.#state.phase === 'rolling-back') {
      this.#state.scaleTo = instances;
      return;
    }
    for (const slot of this.#slots) {
      slot.wanted = slot.instance <= instances;
      // It was taken away, and is wanted again; or the other way round, before it was started.
      if (slot.wanted && slot.step === 'done' && !slot.fresh) slot.step = 'waiting';
      else if (!slot.wanted && slot.step === 'waiting' && slot.old === 'gone') slot.step = 'done';
      if (slot.wanted || !(slot.step === 'starting' || slot.step === 'settling')) continue;
      this.#act('stop', slot, 'new');
      slot.step = 'dropping';
    }
    this.#slots = this.#slots.filter(
      (slot) => slot.wanted || slot.step !== 'waiting' || slot.old !== 'never',
    );
    for (let instance = 1; instance <= instances; instance++)
      if (!this.#slots.some((slot) => slot.instance === instance))
        this.#slots.push({ instance, step: 'waiting', wanted: true, old: 'never', fresh: false });
    this.#slots.sort((a, b) => a.instance - b.instance);
  }

  #goOn(): void {
    for (const slot of this.#slots) this.#settle(slot);
    const wanted = this.#slots.filter((slot) => slot.wanted);
    const { surge, canary = Number.POSITIVE_INFINITY } = this.#state;
    const waiting = wanted.filter(({ step }) => step === 'waiting');
    const moving = wanted.filter(({ step }) => step !== 'waiting' && step !== 'done').length;
    const moved = wanted.length - waiting.length;
    for (const slot of waiting.slice(0, Math.max(0, Math.min(surge - moving, canary - moved)))) {
      slot.step = 'starting';
      slot.fresh = true;
      this.#act('start', slot, 'new');
    }
    const isThrough = wanted.every(({ step }) => step === 'done');
    if (isThrough) for (const slot of this.#slots) if (!slot.wanted) this.#remove(slot);
    const isPaused = !isThrough && moving === 0 && moved >= canary;
    this.#state.phase = this.#slots.every(isDone) ? 'done' : isPaused ? 'paused' : 'going';
    this.#wake();
  }

  #settle(slot: Draft<Slot>): void {
    const { step, readyAtMs = this.#nowMs, old } = slot;
    if (step !== 'settling' || this.#nowMs - readyAtMs < this.#state.healthyMs) return;
    slot.step = old === 'there' ? 'draining' : 'done';
    if (old === 'there') this.#act('stop', slot, 'old');
  }

  #remove(slot: Draft<Slot>): void {
    if (slot.step === 'waiting') {
      slot.step = 'removing';
      this.#act('stop', slot, 'old');
    } else if (slot.step === 'done' && slot.fresh) {
      slot.step = 'dropping';
      this.#act('stop', slot, 'new');
    }
  }

  #wake(): void {
    const { healthyMs } = this.#state;
    const left = this.#slots.flatMap(({ step, readyAtMs = this.#nowMs }) =>
      step === 'settling' ? [Math.max(0, readyAtMs + healthyMs - this.#nowMs)] : [],
    );
    if (left.length > 0) this.#actions.push({ kind: 'wake', inMs: Math.min(...left) });
  }

  #rollBack(why: string): void {
    if (this.#state.phase === 'rolling-back') return;
    this.#state.phase = 'rolling-back';
    this.#state.why = why;
    for (const slot of this.#slots) {
      const { step, old } = slot;
      // What is on its way out goes first.
      if (step === 'draining' || step === 'removing' || step === 'dropping') continue;
      if (old === 'gone') slot.step = 'lacking';
      else if (step === 'waiting') slot.step = 'kept';
      else this.#discard(slot);
    }
  }

  #goBack(): void {
    const restoring = this.#slots.filter(({ step }) => step === 'restoring').length;
    const lacking = this.#slots.filter(({ step }) => step === 'lacking');
    // Where nobody serves comes first.
    lacking.sort((a, b) => Number(a.fresh) - Number(b.fresh));
    for (const slot of lacking.slice(0, Math.max(0, this.#state.surge - restoring))) {
      slot.step = 'restoring';
      this.#act('start', slot, 'old');
    }
    if (this.#slots.every(({ step }) => step === 'kept' || step === 'lost'))
      this.#state.phase = 'rolled-back';
  }

  #discard(slot: Draft<Slot>): void {
    slot.step = slot.fresh ? 'discarding' : 'kept';
    if (slot.fresh) this.#act('stop', slot, 'new');
  }

  #act(kind: 'start' | 'stop', { instance }: Slot, generation: Generation): void {
    this.#actions.push({ kind, instance, generation });
  }
}

function isDone({ step, wanted, fresh }: Slot): boolean {
  return step === 'done' && (wanted || !fresh);
}
