/** What the strangers offer: as what they call, each by its own means. Some offer more. */
import assert from 'node:assert/strict';
import type { Peer } from 'kindred';

export interface TheirService {
  add(...numbers: number[]): number;
  greet(who: { name: string }): string;
  fail(): void;
  missing(): void;
  note(text: string): void;
  heard(): unknown[];
}

/** What they throw arrives with all that they say of it; what they do not offer is told from that. */
export async function assertFailures(peer: Peer<TheirService>): Promise<void> {
  await assert.rejects(peer.call.fail(), {
    code: 'ERR_REMOTE',
    outcome: 'executed',
    message: 'not today',
    data: { why: 'rain' },
  });
  await assert.rejects(peer.call.missing(), { code: 'ERR_METHOD_NOT_FOUND' });
}
