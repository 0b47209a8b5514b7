/** Kindred: one service, any distance; every call settles; nothing accepted is lost. */
export { type ErrorCode, errorCodes, KindredError, type Outcome } from './base/errors.ts';
export type { Certificate, CertificateName } from './channel/certificate.ts';
export type { CloseReason } from './channel/channel.ts';
export type {
  ByteReceiver,
  ByteTransport,
  Transport,
  ValueReceiver,
  ValueTransport,
} from './channel/transport.ts';
export { callEvents } from './endpoint/call-events.ts';
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
export { type Pool, type PoolStatus, pool } from './endpoint/pool.ts';
export type { PoolOptions } from './endpoint/pool-options.ts';
export type { Durations } from './endpoint/pool-stats.ts';
export type { ReconnectOptions } from './endpoint/reconnect-options.ts';
export { currentCall } from './endpoint/runtime.ts';
export { type ServeOptions, type Server, serve } from './endpoint/serve.ts';
export type { Target } from './endpoint/target.ts';
export type { TransportListener } from './endpoint/transport-listener.ts';
export type { Wait } from './endpoint/until-done.ts';
export type { AnswerRecordOptions } from './rpc/answer-record.ts';
export type { Client, Notifier, Streaming } from './rpc/client.ts';
export { type Contract, type ContractDifference, contractOf } from './rpc/contract.ts';
export type { OpenRpc, OpenRpcMethod, OpenRpcParameter } from './rpc/discover.ts';
export type { Identity } from './rpc/identity.ts';
export { type AccessRule, accessRule } from './rpc/middleware/access-rule.ts';
export { type Checked, checked } from './rpc/middleware/checked.ts';
export { type ConcurrencyLimitOptions, concurrencyLimit } from './rpc/middleware/concurrency-limit.ts';
export { type RateLimitOptions, rateLimit } from './rpc/middleware/rate-limit.ts';
export { type RetryOptions, retry } from './rpc/middleware/retry.ts';
export type { Issue, MethodSchemas, ParamsSchema } from './rpc/middleware/schemas.ts';
export type { StandardSchema } from './rpc/middleware/standard-schema.ts';
export { timeout } from './rpc/middleware/timeout.ts';
export { type ServiceOf, type ServiceSchemas, validation } from './rpc/middleware/validation.ts';
export type {
  Caller,
  CallOptions,
  Middleware,
  MiddlewareCall,
  Next,
  OtherEnd,
  Peer,
  PeerLoad,
} from './rpc/peer.ts';
export type { CurrentCall } from './rpc/scope.ts';
export type { Service } from './rpc/service.ts';
export type { RemoteStream } from './rpc/streams.ts';
export { transfer } from './rpc/transfer.ts';
export type { Secret, SecretFile } from './transports/secret.ts';
export type { DialectName } from './wire/dialect.ts';
export type { CancelNotice } from './wire/json-rpc-message.ts';
export { defaultLimits, type Limits } from './wire/limits.ts';
export type { AckLevel, Meta } from './wire/message.ts';
