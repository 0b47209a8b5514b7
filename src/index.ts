/** Kindred: one service, any distance; every call settles; nothing accepted is lost. */
export { type ErrorCode, errorCodes, KindredError, type Outcome } from './base/errors.ts';
export type { CloseReason } from './channel/channel.ts';
export { type ConnectOptions, connect } from './endpoint/connect.ts';
export { type Cores, type CoresOptions, cores } from './endpoint/cores.ts';
export { flushAndExit } from './endpoint/flush-and-exit.ts';
export { type HostOptions, host } from './endpoint/host.ts';
export type { Hosted } from './endpoint/hosted.ts';
export {
  type DialOptions,
  dial,
  type ListenOptions,
  listen,
  type PlainChannel,
  type PlainServer,
} from './endpoint/messages.ts';
export { currentCall } from './endpoint/runtime.ts';
export { type ServeOptions, type Server, serve } from './endpoint/serve.ts';
export type { Target } from './endpoint/target.ts';
export type { CallOptions } from './rpc/call-options.ts';
export type { Client, Notifier, Streaming } from './rpc/client.ts';
export { transfer } from './rpc/inbound.ts';
export type { Caller, Peer, PeerLoad } from './rpc/peer.ts';
export type { CurrentCall } from './rpc/scope.ts';
export type { Service } from './rpc/service.ts';
export type { RemoteStream } from './rpc/streams.ts';
export type { DialectName } from './wire/dialect.ts';
export { defaultLimits, type Limits } from './wire/limits.ts';
export type { AckLevel, Meta } from './wire/message.ts';
