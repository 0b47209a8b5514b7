/** What a keeper that was killed has left in its directory: taken over, or put away. */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from '../../process/process-identity.ts';
import { thisSystem } from '../../process/process-system.ts';
import { findObstacle, unlinkIfSame } from '../../transports/socket-file.ts';
import type { Fifo, FifoMaker } from './fifos.ts';
import { adoptProcess, type KeptProcess, type ProcessSurroundings } from './kept-process.ts';
import { alive, endAll, findMarked, findMembers } from './leftovers.ts';
import type { KeptLog } from './logger-orders.ts';
import { readRecord } from './record.ts';

export interface Former {
  processes: KeptProcess[];
  logs: { settings: KeptLog; pipes: readonly [out: Fifo, err: Fifo] }[];
}

/**
 * Adopts those that were to live on. All others, and what they have started, are asked to end, and killed after the grace;
 * pipes and socket files that nobody has any more are removed.
 */
export async function adoptFormer(
  directory: string,
  pipeDirectory: string,
  makeFifos: FifoMaker,
  graceMs: number,
  surroundings: Omit<ProcessSurroundings, 'wallClock'>,
): Promise<Former> {
  const record = readRecord(directory);
  const lasting = record?.lasting.filter(({ identity }) => isAlive(identity)) ?? [];
  const kept = new Set(lasting.map(({ spec }) => spec.id));
  const leaders = [
    ...(record?.others ?? []),
    ...(record?.lasting ?? []).map(({ identity }) => identity),
  ].filter((identity) => !lasting.some((one) => one.identity.pid === identity.pid));
  const find = (): ProcessIdentity[] => {
    const all = thisSystem.all();
    const found = [
      ...alive(record?.others ?? []),
      ...leaders.flatMap((leader) => findMembers(leader, all)),
      ...findMarked(directory, (id) => !kept.has(id)),
    ];
    return [...new Map(found.map((identity) => [identity.pid, identity])).values()];
  };
  await endAll(find, graceMs, surroundings.clock);
  for (const path of record?.sockets ?? []) await removeDead(path);
  const logs = record?.logs.filter(({ name }) => lasting.some(({ spec }) => spec.log === name)) ?? [];
  const paths = [
    ...lasting.flatMap(({ lines }) => Object.values(lines)),
    ...logs.flatMap(({ out, err }) => [out, err]),
  ];
  for (const name of readdirSync(pipeDirectory)) {
    const path = join(pipeDirectory, name);
    if (!paths.includes(path)) unlinkSync(path);
  }
  const pipes = new Map((await makeFifos(paths)).map((fifo) => [fifo.path, fifo]));
  const pipe = (path: string): Fifo => pipes.get(path) as Fifo;
  return {
    processes: lasting.map((entry) =>
      adoptProcess(entry, Object.values(entry.lines).map(pipe), surroundings),
    ),
    logs: logs.map((settings) => ({ settings, pipes: [pipe(settings.out), pipe(settings.err)] })),
  };
}

/** One that somebody still listens to stays: a process that was to live on, or another program. */
async function removeDead(path: string): Promise<void> {
  const obstacle = await findObstacle(path);
  if (obstacle !== undefined && !obstacle.alive) unlinkIfSame(path, obstacle.found);
}
