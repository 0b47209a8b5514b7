/** How many instances a service has: slots that are made, and slots that are to go. */
import { onStart, onStop, phaseOf } from '../rules/strategy.ts';
import { createTree } from '../rules/tree.ts';
import { type Crew, newSlot, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { leave } from './leaving.ts';

/**
 * Makes the slots that are missing, and has those go that are too many. What runs in the others goes on, and what somebody
 * has stopped stays so, unless `startsStopped`.
 */
export function resize(engine: Engine, crew: Crew, event: number, startsStopped = false): void {
  const { wanted, slots } = crew;
  for (const slot of slots) {
    if (slot.instance <= wanted || slot.goal === 'down') continue;
    slot.goal = 'down';
    if (slot.main !== undefined) leave(engine, slot.main, 'stop', event);
    else engine.rest(slot, 'stopped', `${slot.key} is no longer wanted`, event);
    engine.touch(slot);
  }
  const isStopped = (slot: Slot): boolean => phaseOf(engine.restarts.state, slot.key) === 'stopped';
  const isDown = !startsStopped && slots.length > 0 && slots.every(isStopped);
  const made: string[] = [];
  for (let instance = 1; instance <= wanted; instance++) {
    let slot = slots.find((each) => each.instance === instance);
    const isNew = slot === undefined;
    if (slot === undefined) {
      slot = newSlot(crew, instance, engine.seams.wallClock());
      slots.push(slot);
    } else if (slot.goal === 'up' || (!startsStopped && isStopped(slot))) continue;
    engine.touch(slot);
    if (isDown && isNew) {
      slot.goal = 'down';
      engine.restarts.state = onStop(engine.restarts.state, [slot.key]);
      engine.rest(slot, 'stopped', `${slot.key} is stopped, as its service is`, event);
      continue;
    }
    slot.goal = 'up';
    made.push(slot.key);
    if (slot.main === undefined) engine.rest(slot, 'waiting', `${slot.key} is to be started`, event);
  }
  slots.sort((a, b) => a.instance - b.instance);
  replant(engine);
  engine.restarts.state = onStart(engine.restarts.tree, engine.restarts.state, made);
}

/** The tree of groups anew, with as many instances as there are to be. */
export function replant(engine: Engine): void {
  const counts = [...engine.crews.values()]
    .filter(({ removed }) => !removed)
    .map(({ name, wanted }): [string, number] => [name, wanted]);
  engine.restarts.tree = createTree(engine.stack, Object.fromEntries(counts));
}
