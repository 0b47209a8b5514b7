/** Clears the runtime directory of what killed processes have left there, so that it does not grow. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../process/process-identity.ts';
import { readClaim } from './claim.ts';
import { withLock } from './name-lock.ts';
import { lookAt, probe, unlinkIfSame, unlinkIfThere } from './socket-file.ts';
import { ownerOfTemporary } from './temporary-name.ts';

/** So many are taken away each time; the rest at later ones. */
const maxRemovals = 100;

/** Never waits for a lock: a name that somebody is just busy with needs no sweeping. */
export async function sweep(directory: string): Promise<void> {
  let removals = 0;
  for (const entry of readdirSync(directory)) {
    if (removals >= maxRemovals) return;
    const owner = ownerOfTemporary(entry);
    const removed =
      owner !== undefined
        ? !isAlive(owner) && (await sweepTemporary(join(directory, entry)))
        : entry.endsWith('.json') && (await sweepEndpoint(directory, entry.slice(0, -'.json'.length)));
    if (removed) removals++;
  }
}

/** A process of another pid namespace looks dead from here; its socket does not. */
async function sweepTemporary(path: string): Promise<boolean> {
  const found = lookAt(path);
  if (found === undefined || (found.what === 'socket' && (await probe(path)) !== 'dead')) return false;
  return unlinkIfSame(path, found);
}

async function sweepEndpoint(directory: string, file: string): Promise<boolean> {
  const files = { socket: join(directory, `${file}.sock`), claim: join(directory, `${file}.json`) };
  const isDead = () => {
    const claim = readClaim(files);
    return claim !== undefined && !isAlive(claim);
  };
  if (!isDead()) return false;
  const work = async () => {
    const found = lookAt(files.socket);
    if (found !== undefined && (found.what !== 'socket' || (await probe(files.socket)) !== 'dead'))
      return false;
    // The claim of a living process may have come in the meantime.
    return (
      isDead() && (found === undefined || unlinkIfSame(files.socket, found)) && unlinkIfThere(files.claim)
    );
  };
  // Not to be had: somebody else is busy with it, and it is in nobody's way.
  return await withLock(directory, file, work, { timeoutMs: 0 }).catch(() => false);
}
