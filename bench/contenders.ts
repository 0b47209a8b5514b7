/** All contenders, as data: what a table calls them, which cases they can do, and whether their package has to be installed. */

export interface ContenderInfo {
  title: string;
  /** Adapter in `contenders/`. */
  file: string;
  cases: readonly ('calls' | 'notifications' | 'bytes' | 'chunks' | 'items' | 'connections' | 'pools')[];
  /** Installed with `bench/package.json`. */
  packages?: boolean;
}

const calls = ['calls'] as const;
const pools = ['pools'] as const;
const both = ['calls', 'notifications'] as const;

function info(
  title: string,
  file: string,
  can: ContenderInfo['cases'],
  packages: boolean = true,
): ContenderInfo {
  return { title, file, cases: can, packages };
}

export const contenders = {
  bare: info('**bare**: a line and a write for each, by hand', 'bare', [...both, 'connections'], false),
  'bare-batched': info('bare, many lines per write, by hand', 'bare-batched', both, false),
  opaque: info('opaque bytes', 'opaque', [...calls, 'bytes'], false),
  'opaque-batched': info('opaque bytes, many per write', 'opaque-batched', calls, false),
  pipe: info('`socket.pipe`', 'pipe', ['chunks'], false),
  stranger: info('JSON-RPC lines, by hand at both ends', 'stranger', calls, false),
  fork: info('`child_process.fork`, JSON, by hand', 'fork', both, false),
  'fork-advanced': info('`fork`, advanced serialisation, by hand', 'fork-advanced', both, false),
  'message-port': info('worker `MessagePort`, by hand', 'message-port', both, false),
  kindred: info(
    '**Kindred**, `local:`',
    'kindred',
    [...both, 'bytes', 'chunks', 'items', 'connections'],
    false,
  ),
  'kindred-tcp': info('Kindred, `tcp:`', 'kindred-tcp', both, false),
  'kindred-child': info(
    'Kindred, `host` in a process',
    'kindred-child',
    [...both, 'bytes', 'chunks', 'items'],
    false,
  ),
  'kindred-thread': info('Kindred, `host` in a thread', 'kindred-thread', [...both, 'items'], false),
  'kindred-ipc': info("Kindred, Node's IPC channel", 'kindred-ipc', both, false),
  'kindred-stdio': info('Kindred, `stdio:`', 'kindred-stdio', both, false),
  'kindred-to-stranger': info('Kindred calls a stranger, `json-lines`', 'kindred-to-stranger', calls, false),
  'stranger-to-kindred': info('a stranger calls Kindred, `json-lines`', 'stranger-to-kindred', calls, false),
  'birpc-fork': info('birpc on `fork`', 'birpc-fork', both),
  'birpc-worker': info('birpc on a worker', 'birpc-worker', both),
  comlink: info('comlink on a worker', 'comlink', calls),
  capnweb: info('capnweb on a Unix socket', 'capnweb', calls),
  'vscode-jsonrpc': info('vscode-jsonrpc on a Unix socket', 'vscode-jsonrpc', both),
  'node-ipc': info('node-ipc 12', 'node-ipc', both),
  moleculer: info('moleculer, TCP', 'moleculer', both),
  execa: info('execa IPC, JSON', 'execa', both),
  piscina: info('piscina', 'piscina', calls),
  tinypool: info('tinypool, process', 'tinypool', calls),
  workerpool: info('workerpool, process', 'workerpool', calls),
  'grpc-js': info('grpc-js on a Unix socket', 'grpc-js', calls),
  undici: info('undici and `node:http` on a Unix socket', 'undici', calls),
  zeromq: info('zeromq 6, `ipc:`', 'zeromq', both),
  ws: info('ws on a Unix socket, JSON by hand', 'ws', both),
  'socket.io': info('socket.io', 'socket.io', both),
  'pool-kindred': info('Kindred, `pool` of threads', 'pool-kindred', pools, false),
  'pool-piscina': info('piscina', 'pool-piscina', pools),
  'pool-piscina-events': info("piscina, `atomics: 'disabled'`", 'pool-piscina-events', pools),
  'pool-tinypool': info('tinypool, threads', 'pool-tinypool', pools),
  'pool-workerpool': info('workerpool, threads', 'pool-workerpool', pools),
  'pool-kindred-process': info('Kindred, `pool` of processes', 'pool-kindred-process', pools, false),
  'pool-tinypool-process': info('tinypool, processes', 'pool-tinypool-process', pools),
  'pool-workerpool-process': info('workerpool, processes', 'pool-workerpool-process', pools),
} satisfies Record<string, ContenderInfo>;

export type ContenderName = keyof typeof contenders;
