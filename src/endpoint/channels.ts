/**
 * From a transport to a channel: which dialect is spoken from the first byte on, by whom.
 *
 * ```
 *   who                                        calls                        plain messages
 *   a dialer, and the parent of a child        greet (a hello in JSON)      json-lines
 *   a listener, and a child                    choose by the first byte     json-lines
 *   both ends known to be Kindred (host, a     binary                       json-lines
 *   child or local endpoint that says so)
 *   a thread or memory                         values                       values
 * ```
 * A dialect in the options always wins.
 */
import { hasSubscribers } from 'node:diagnostics_channel';
import type { Channel } from '../channel/channel.ts';
import { createFramedChannel } from '../channel/framed.ts';
import type { Transport } from '../channel/transport.ts';
import { createValuesChannel } from '../channel/values.ts';
import { helloOf } from '../rpc/channel-peer.ts';
import { allocate, nodeText } from '../transports/node-text.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { CancelNotice } from '../wire/json-rpc-message.ts';
import type { Limits } from '../wire/limits.ts';
import { defer, events } from './runtime.ts';

export type Role = 'greets' | 'chooses';

export interface ChannelOptions {
  mode: 'calls' | 'plain';
  role: Role;
  /** The other end is known to be a Kindred that speaks binary. */
  kindred: boolean;
  dialect?: DialectName | undefined;
  limits: Limits;
  /** How JSON says that a call is given up. */
  cancelAs?: CancelNotice | undefined;
  /** Whose messages come over its stdout, so that what it prints may be among them. */
  printer?: string | undefined;
  /** The hash of what this end offers, asked for when the hello leaves. */
  contract?: (() => string | undefined) | undefined;
}

export function openChannel(
  transport: Transport,
  { mode, role, kindred, dialect, limits, cancelAs, printer, contract }: ChannelOptions,
): Channel {
  if (transport.form === 'values') {
    const form =
      mode === 'plain' ? 'plain' : dialect === undefined || dialect === 'binary' ? 'kindred' : 'json-rpc';
    return createValuesChannel(transport, {
      form,
      get hello() {
        return helloOf(limits, contract?.());
      },
      limits,
      text: nodeText,
      cancelAs,
      defer,
    });
  }
  const choice =
    dialect ??
    (mode === 'plain' ? 'json-lines' : kindred ? 'binary' : role === 'greets' ? 'greet' : 'choose');
  return createFramedChannel(transport, {
    mode,
    dialect: choice,
    accepted: role === 'chooses',
    get hello() {
      return helloOf(limits, contract?.());
    },
    limits,
    text: nodeText,
    allocate,
    defer,
    cancelAs,
    stray: printer === undefined ? undefined : (line) => onPrinted(printer, line),
  });
}

/** A line that a child has printed: for those who listen for such, else for whoever reads stderr. */
function onPrinted(address: string, line: string): void {
  if (hasSubscribers('kindred:child.printed'))
    events.publish('kindred:child.printed', () => ({ address, line }));
  else process.stderr.write(`${line}\n`);
}
