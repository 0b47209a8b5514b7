/** What the adapters use of packages that come without types. */
declare module 'node-ipc' {
  import type { Socket } from 'node:net';

  // biome-ignore lint/suspicious/noExplicitAny: events carry whatever was sent
  type Listener = (data: any, socket: Socket) => void;

  export class IPCModule {
    config: { silent: boolean; stopRetrying: boolean };
    of: Record<
      string,
      { socket: Socket; on(type: string, listener: Listener): void; emit(type: string, data: unknown): void }
    >;
    server: {
      on(type: string, listener: Listener): void;
      emit(socket: Socket, type: string, data: unknown): void;
      start(): void;
    };
    serve(path: string, callback: () => void): void;
    connectTo(id: string, path: string): void;
    disconnect(id: string): void;
  }
}

declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { Endpoint } from 'comlink';

  export interface NodeEndpoint {
    postMessage(message: unknown, transfer?: unknown[]): void;
    on(type: string, listener: unknown, options?: object): void;
    off(type: string, listener: unknown, options?: object): void;
    start?: () => void;
  }
  export default function nodeEndpoint(end: NodeEndpoint): Endpoint;
}
