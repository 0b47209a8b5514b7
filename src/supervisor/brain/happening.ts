/** All that the brain decides about: one after the other, in the order in which it is heard. */
import type { Exit } from '../../process/outcome.ts';
import type { ReadyPlan } from '../checks/ready.ts';
import type { Word } from '../checks/words.ts';
import type { ProcessEntry } from '../keeper/keeper.ts';
import type { ChangePlan } from '../rules/change-plan.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';

export type Happening =
  /** The keeper has started it, or could not. */
  | { kind: 'started'; id: string; entry: ProcessEntry; plan: ReadyPlan }
  /** It runs since a brain before this one; what of its start is to be watched. */
  | { kind: 'resumed'; id: string; plan: ReadyPlan; passedMs: number }
  | { kind: 'not-started'; id: string; error: unknown }
  | { kind: 'ended'; id: string; exit: Exit; at: number }
  /** All that it has started has ended, too. */
  | { kind: 'gone'; id: string }
  | { kind: 'last-words'; service: string; instance: number; event: number; lines: string[] }
  | { kind: 'ready'; id: string }
  | { kind: 'not-ready'; id: string; text: string }
  | { kind: 'health'; id: string; ok: boolean; text: string; failures: number; isOver: boolean }
  | { kind: 'word'; id: string; word: Word }
  | { kind: 'usage'; of: readonly Usage[] }
  /** Time has come for something that waits in a slot or a process: what, is seen by looking. */
  | { kind: 'time' }
  /** After the wait between a process out of the routes and its signal. */
  | { kind: 'drained'; id: string }
  /** Its files cannot be watched (any more). */
  | { kind: 'unwatched'; service: string; text: string }
  | { kind: 'logger-ended' }
  | { kind: 'router-ready'; listener: string; pid: number }
  | { kind: 'router-ended'; listener: string; exit: Exit }
  | { kind: 'changed'; service: string; paths: readonly string[] }
  | { kind: 'asked'; ask: Ask; text: string; decided: (event: number) => void };

export interface Usage {
  id: string;
  /** Share of one processor. */
  cpu: number | undefined;
  memoryBytes: number;
}

export type Ask =
  | { verb: 'start' | 'stop' | 'restart' | 'rollback'; services: readonly string[] }
  | { verb: 'reload'; services: readonly string[]; canary?: number | undefined }
  | { verb: 'scale'; service: string; instances: number }
  | { verb: 'apply'; stack: CheckedStack; steps: ChangePlan['steps'] }
  | { verb: 'down' };
