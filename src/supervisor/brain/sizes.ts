/** How many instances a service has: slots that are made, and slots that are to go. */
import { onStart } from '../rules/strategy.ts';
import { createTree } from '../rules/tree.ts';
import { type Crew, newSlot } from './crew.ts';
import type { Engine } from './engine.ts';
import { leave } from './leaving.ts';

/** Makes the slots that are missing, and has those go that are too many. What runs in the others goes on. */
export function resize(engine: Engine, crew: Crew, event: number): void {
  const { wanted, slots } = crew;
  for (const slot of slots) {
    if (slot.instance <= wanted || slot.goal === 'down') continue;
    slot.goal = 'down';
    if (slot.main !== undefined) leave(engine, slot.main, 'stop', event);
    else engine.rest(slot, 'stopped', `${slot.key} is no longer wanted`, event);
  }
  const made: string[] = [];
  for (let instance = 1; instance <= wanted; instance++) {
    let slot = slots.find((each) => each.instance === instance);
    if (slot === undefined) {
      slot = newSlot(crew, instance, engine.seams.wallClock());
      slots.push(slot);
    } else if (slot.goal === 'up') continue;
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
