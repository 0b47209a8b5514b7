/** How far a service is, for those that need it. */
import type { Need } from '../stack/stack.ts';
import type { Slot } from './crew.ts';
import type { Engine } from './engine.ts';

/** All instances of it are that far; but one that was started again holds nobody up while another serves. */
export function has(engine: Engine, service: string, need: Need): boolean {
  const slots = engine.crews.get(service)?.slots.filter(({ goal }) => goal === 'up') ?? [];
  const isSo = (slot: Slot): boolean => meets(slot, need);
  return slots.some(isSo) && slots.every((slot) => isSo(slot) || slot.serial > 1);
}

function meets({ main, rest, lastExit }: Slot, need: Need): boolean {
  switch (need) {
    case 'started':
      return main?.entry !== undefined;
    case 'ready':
      return main?.state === 'ready' || main?.state === 'unhealthy';
    case 'healthy':
      return main?.state === 'ready' && (main.isHealthy || main.spec.health === undefined);
    case 'ended':
      return main === undefined && rest === 'ended' && lastExit?.exitCode === 0;
  }
}
