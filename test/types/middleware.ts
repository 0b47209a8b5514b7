// What a user writes with schemas and middleware. Compiled, never run.
import { type } from 'arktype';
import { checked, connect, type Middleware, type ServiceOf, serve, timeout } from 'kindred';
import * as v from 'valibot';
import { z } from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A extends true>(): void => {};

const service = {
  // A caller gives what goes into the schemas, the function gets what comes out of them.
  zod: checked({ params: [z.string().transform(Number), z.number().optional()] }, (a, b) => {
    same<Equal<typeof a, number>>();
    same<Equal<typeof b, number | undefined>>();
    return { a, b };
  }),
  valibot: checked(
    { params: [v.object({ name: v.string() })], result: v.number() },
    (who) => who.name.length,
  ),
  arktype: checked({ params: [type({ age: 'number' })] }, ({ age }) => age > 17),
  list: checked({ params: z.tuple([z.string()], z.number()) }, (first, ...more) => `${first}${more.length}`),
  count: checked({ params: [z.number()], items: z.number() }, async function* (to) {
    yield to;
  }),
};

const peer = await connect<typeof service>('local:x', { middleware: [timeout(5)] });
same<Equal<Parameters<typeof peer.call.zod>, [string, (number | undefined)?]>>();
same<Equal<ReturnType<typeof peer.call.zod>, Promise<{ a: number; b: number | undefined }>>>();
same<Equal<ReturnType<typeof peer.call.valibot>, Promise<number>>>();
same<Equal<ReturnType<typeof peer.call.arktype>, Promise<boolean>>>();
same<Equal<Parameters<typeof peer.call.list>, [string, ...number[]]>>();
for await (const n of peer.call.count(3)) same<Equal<typeof n, number>>();
peer.call.zod('5');
// @ts-expect-error: what goes into the schema is a string
peer.call.zod(5);
// @ts-expect-error: it has a name
peer.call.valibot({});
// @ts-expect-error: the result must fit its schema
checked({ params: [], result: z.number() }, () => 'text');

const schemas = { add: { params: [z.number(), z.number()], result: z.number() } } as const;
const other = await connect<ServiceOf<typeof schemas>>('local:y');
same<Equal<ReturnType<typeof other.call.add>, Promise<number>>>();
// @ts-expect-error: two numbers
other.call.add(1, 'x');

const own: Middleware = (next) => async (call) => {
  // @ts-expect-error: a call is copied, not changed
  call.method = 'other';
  // @ts-expect-error: what is passed on is the call or a copy of it
  next({ method: 'x', args: [] });
  return next({ ...call, args: [] });
};
await serve('local:z', service, { middleware: [own] });
// @ts-expect-error: a list of functions
await serve('local:z', service, { middleware: own });
