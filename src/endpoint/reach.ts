/**
 * From a target to a transport: an address is dialled, a child, thread or stream is there already.
 */
import { ChildProcess } from 'node:child_process';
import { Duplex } from 'node:stream';
import { MessagePort, Worker } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { Channel } from '../channel/channel.ts';
import type { Transport } from '../channel/transport.ts';
import type { Child } from '../process/child.ts';
import type { Role } from './channels.ts';

/** Whom to talk to. */
export type Target = string | Child | ChildProcess | Worker | MessagePort | Duplex;
