/** What `top` remembers of the last minutes, to draw it. */
import type { InstanceStatus, StackStatus } from 'kindred/supervisor';
import { placeOf } from './progress.ts';

/** Looks that are kept: more than the widest screen shows. */
const kept = 500;

export interface Totals {
  /** Of all instances together. */
  cpu: number;
  memoryBytes: number;
  callsPerSecond: number;
}

export class TopHistory {
  readonly totals: Totals[] = [];
  /** Shares of a processor, by place (`web.1`). */
  readonly #cpu = new Map<string, (number | undefined)[]>();

  add({ instances }: StackStatus): void {
    keep(this.totals, totalsOf(instances));
    const here = new Set(instances.map(placeOf));
    for (const place of this.#cpu.keys()) if (!here.has(place)) this.#cpu.delete(place);
    for (const instance of instances) {
      const place = placeOf(instance);
      const own = this.#cpu.get(place) ?? [];
      keep(own, instance.cpu);
      this.#cpu.set(place, own);
    }
  }

  cpuOf(instance: InstanceStatus): readonly (number | undefined)[] {
    return this.#cpu.get(placeOf(instance)) ?? [];
  }
}

function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > kept) list.shift();
}

function totalsOf(instances: readonly InstanceStatus[]): Totals {
  const sum = (figure: (instance: InstanceStatus) => number | undefined): number =>
    instances.reduce((total, instance) => total + (figure(instance) ?? 0), 0);
  return {
    cpu: sum(({ cpu }) => cpu),
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    callsPerSecond: sum(({ callsPerSecond }) => callsPerSecond),
  };
}
