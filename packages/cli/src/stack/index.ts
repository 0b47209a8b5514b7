/** The verbs about stacks. */
import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { addChanges } from './change.ts';
import { addDoctor } from './doctor.ts';
import { addDown } from './down.ts';
import { addEvents } from './events.ts';
import { addExport } from './export.ts';
import { addLogs } from './logs.ts';
import { addPlan } from './plan.ts';
import { addPs } from './ps.ts';
import { addTop } from './top.ts';
import { addUp } from './up.ts';
import { addUpgrade } from './upgrade.ts';
import { addWhy } from './why.ts';

export function addStackVerbs(program: Command, terminal: Terminal): void {
  for (const add of [
    addUp,
    addDown,
    addPlan,
    addChanges,
    addPs,
    addLogs,
    addEvents,
    addWhy,
    addTop,
    addUpgrade,
    addExport,
    addDoctor,
  ])
    add(program, terminal);
}
