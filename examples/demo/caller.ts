/**
 * The program that the demo starts at every distance: in a child, in a thread, beside it, behind a port. It is the same
 * everywhere; only the address that it is given differs.
 *
 *   node caller.ts NAME ADDRESS [FOLDER OF CERTIFICATES]
 */
import { connect } from 'kindred';
import { readCertificates } from './certificates.ts';
import { medianRoundTripUs } from './round-trip.ts';
import type { Served } from './served.ts';

const [name = '', address = 'parent:', certificates] = process.argv.slice(2);

const tls = certificates ? readCertificates(certificates, 'caller') : undefined;
const peer = await connect<Served>(address, { tls });
const sum = await peer.call.add(1, 2, 3, 4, 5);
const items: number[] = [];
for await (const n of peer.call.countdown(3)) items.push(n);
const medianUs = await medianRoundTripUs(() => peer.call.add(1, 2));
await peer.call.report({ name, pid: process.pid, sum, items, medianUs });
await peer.close();
