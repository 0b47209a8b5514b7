/** What a service says of itself when asked with `rpc.discover`: an OpenRPC document (https://spec.open-rpc.org). */
import { writtenAs } from './middleware/checked.ts';
import type { Method } from './service.ts';

export interface OpenRpcMethod {
  name: string;
  params: { name: string; required: boolean; schema: Record<string, unknown> }[];
  result: { name: string; schema: Record<string, unknown> };
  paramStructure: 'either' | 'by-position';
  /** The call answers with a stream of items. */
  'x-stream'?: boolean;
  /** The parameters are not known by name. */
  'x-unnamed'?: boolean;
  /** The last parameter takes all further arguments. */
  'x-rest'?: boolean;
}

export interface OpenRpc {
  openrpc: string;
  info: { title: string; version: string };
  methods: OpenRpcMethod[];
}

export function describe(methods: ReadonlyMap<string, Method>): OpenRpc {
  return {
    openrpc: '1.3.2',
    info: { title: 'a Kindred service', version: '0' },
    methods: [...methods.values()].map(describeMethod),
  };
}

function describeMethod(method: Method): OpenRpcMethod {
  const { name, parameters } = method;
  const run = writtenAs(method.run);
  const places = parameters ?? Array.from({ length: run.length }, () => '');
  const unnamed = parameters === undefined || places.some((place) => place === '' || place === '...');
  const rest = places.at(-1)?.startsWith('...') === true;
  return {
    name,
    params: places.map((place, i) => ({
      name: place.replace('...', '') || `argument${i + 1}`,
      required: !(rest && i === places.length - 1) && i < run.length,
      schema: {},
    })),
    result: { name: 'result', schema: {} },
    paramStructure: unnamed || rest ? 'by-position' : 'either',
    ...(isGenerator(run) ? { 'x-stream': true } : {}),
    ...(unnamed ? { 'x-unnamed': true } : {}),
    ...(rest ? { 'x-rest': true } : {}),
  };
}

function isGenerator(run: object): boolean {
  return Object.prototype.toString.call(run) === '[object AsyncGeneratorFunction]';
}
