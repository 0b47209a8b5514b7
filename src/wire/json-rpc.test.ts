import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readVectors } from '../../test/suites/vectors.ts';
import { KindredError } from '../base/errors.ts';
import { createJsonRpc, type JsonRpc, type JsonRpcOptions } from './json-rpc.ts';
import { defaultLimits } from './limits.ts';
import type { CallId, Message } from './message.ts';

const open = (options: Partial<JsonRpcOptions> = {}): JsonRpc =>
  createJsonRpc({ limits: defaultLimits, ...options });

function heardBy(rpc: JsonRpc, text: string): Message[] {
  const heard: Message[] = [];
  rpc.decode(JSON.parse(text), text.length, (message) => heard.push(message));
  return heard;
}

const call = (id: unknown, method = 'm'): string => JSON.stringify({ jsonrpc: '2.0', id, method });
const result = (id: CallId, value: unknown): Message => ({ kind: 'result', id, value });
const error = (id: CallId, message: string): Message => ({
  kind: 'error',
  id,
  error: { code: -32000, message },
});
const written = (rpc: JsonRpc, message: Message): unknown => {
  const said = rpc.encodeText(message);
  if (said === undefined) return undefined;
  assert.equal(said.bytes, new TextEncoder().encode(said.text).length);
  return JSON.parse(said.text);
};

describe('JSON-RPC 2.0', () => {
  for (const { title, bytes, messages, canonical } of readVectors('json-rpc')) {
    const text = new TextDecoder().decode(bytes);
    it(`hears ${title}`, () => {
      const codes = (message: Message): unknown =>
        message.kind === 'invalid' ? { ...message, error: message.error.code } : message;
      assert.deepEqual(heardBy(open(), text).map(codes), messages.map(codes));
    });
    if (canonical === true)
      it(`writes ${title}`, () => {
        assert.deepEqual(
          messages.map((message) => open().encodeText(message)?.text),
          [text],
        );
      });
  }

  it('writes a result of undefined as null', () => {
    assert.deepEqual(written(open(), result(1, undefined)), { jsonrpc: '2.0', id: 1, result: null });
  });

  it('leaves out trailing arguments that are undefined, and refuses one between others', () => {
    const rpc = open();
    const params = (...list: unknown[]): Message => ({ kind: 'notify', method: 'm', params: list });
    assert.deepEqual(written(rpc, params(1, undefined, undefined)), {
      jsonrpc: '2.0',
      method: 'm',
      params: [1],
    });
    assert.deepEqual(written(rpc, params(undefined)), { jsonrpc: '2.0', method: 'm' });
    assert.throws(() => rpc.encodeText(params(undefined, 1)), {
      code: 'ERR_NOT_ENCODABLE',
      message: /^params\[0\] is undefined/,
    });
  });

  it('answers what is no message as JSON-RPC owes it', () => {
    const [message] = heardBy(open(), '{"jsonrpc":"2.0","id":5,"method":1}') as [Message];
    assert.deepEqual(written(open(), message), {
      jsonrpc: '2.0',
      id: 5,
      error: { code: -32600, message: 'Invalid Request: `method` must be a string' },
    });
  });

  it('cannot call a function that was lent', () => {
    assert.throws(() => open().encodeText({ kind: 'call', id: 1, method: 3, params: [] }), {
      code: 'ERR_NOT_ENCODABLE',
    });
  });

  it('joins its own meta with a _meta among the named arguments', () => {
    const message: Message = {
      kind: 'call',
      id: 1,
      method: 'm',
      params: { a: 1, _meta: { progressToken: 7, traceparent: 'old' } },
      meta: { timeoutMs: 5, traceparent: 'new' },
    };
    assert.deepEqual(written(open(), message), {
      jsonrpc: '2.0',
      id: 1,
      method: 'm',
      params: { a: 1, _meta: { progressToken: 7, traceparent: 'new', 'kindred/timeoutMs': 5 } },
    });
    assert.deepEqual(message.params, { a: 1, _meta: { progressToken: 7, traceparent: 'old' } });
  });

  it('says the meta of positional arguments in front of the call, and only to what may be a Kindred', () => {
    const message: Message = { kind: 'call', id: 1, method: 'm', params: [1], meta: { timeoutMs: 5 } };
    assert.equal(open().encodeText(message)?.preface, undefined);
    let maybe = true;
    const rpc = open({ mayBeKindred: () => maybe });
    const said = rpc.encodeText(message);
    assert.deepEqual(JSON.parse(said?.preface?.text as string), {
      jsonrpc: '2.0',
      method: '$/meta',
      params: { id: 1, _meta: { 'kindred/timeoutMs': 5 } },
    });
    assert.equal(said?.preface?.bytes, said?.preface?.text.length);
    const other = open();
    assert.deepEqual(heardBy(other, said?.preface?.text as string), []);
    assert.deepEqual(heardBy(other, said?.text as string), [message]);
    maybe = false;
    assert.equal(rpc.encodeText(message)?.preface, undefined);
    maybe = true;
    assert.equal(rpc.encodeText({ ...message, meta: {} })?.preface, undefined);
  });

  it('reads no meta ahead of a call deeper than maxDepth, and one that is just as deep', () => {
    const rpc = open({ limits: { maxMessageBytes: 500, maxDepth: 10 } });
    const metaOf = (depth: number): unknown => {
      const deep: unknown = JSON.parse('{"a":'.repeat(depth) + '0' + '}'.repeat(depth));
      return { jsonrpc: '2.0', method: '$/meta', params: { id: 1, _meta: deep } };
    };
    // The envelope and its params are two levels.
    rpc.decode(metaOf(10), 100, () => {}, 12);
    assert.throws(() => rpc.decode(metaOf(11), 100, () => {}, 13), {
      code: 'ERR_LIMIT',
      message: /maxDepth/,
    });
  });

  it('gives calls up in the words of the other end', () => {
    const rpc = open({ cancelAs: 'notifications/cancelled' });
    assert.deepEqual(written(rpc, { kind: 'cancel', id: 7 }), {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: 7 },
    });
    const said = (method: string, params: object): string =>
      JSON.stringify({ jsonrpc: '2.0', method, params });
    const cancelled = said('notifications/cancelled', { requestId: 7, reason: 'x' });
    assert.deepEqual(heardBy(rpc, cancelled), [{ kind: 'cancel', id: 7 }]);
    assert.deepEqual(heardBy(rpc, said('notifications/cancelled', {})), []);
    assert.deepEqual(heardBy(rpc, said('$/cancelRequest', { id: 7 })), [{ kind: 'cancel', id: 7 }]);
    assert.equal(heardBy(open(), cancelled)[0]?.kind, 'notify');
  });

  it('does not answer a call that was given up in words after which no answer is wanted', () => {
    const rpc = open({ cancelAs: 'notifications/cancelled' });
    const cancel = (id: number): string =>
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    heardBy(rpc, call(1));
    heardBy(rpc, call(2));
    heardBy(rpc, cancel(1));
    heardBy(rpc, cancel(3));
    assert.equal(written(rpc, result(1, 'late')), undefined);
    assert.deepEqual(written(rpc, result(2, 'b')), { jsonrpc: '2.0', id: 2, result: 'b' });
    heardBy(rpc, call(1));
    assert.deepEqual(written(rpc, result(1, 'again')), { jsonrpc: '2.0', id: 1, result: 'again' });
    heardBy(rpc, call(3));
    assert.deepEqual(written(rpc, result(3, 'c')), { jsonrpc: '2.0', id: 3, result: 'c' });
    heardBy(rpc, `[${call(4)}]`);
    heardBy(rpc, cancel(4));
    assert.deepEqual(written(rpc, result(4, 'd')), [{ jsonrpc: '2.0', id: 4, result: 'd' }]);
  });

  it('lets no _meta reach a prototype', () => {
    const text = '{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"__proto__":{"timeoutMs":1}}}}';
    const [message] = heardBy(open(), text) as [Extract<Message, { kind: 'call' }>];
    assert.equal(Object.getPrototypeOf(message.meta), Object.prototype);
    assert.equal(message.meta?.timeoutMs, undefined);
  });

  it('shares nothing with the message it gives as a value', () => {
    const params = [{ a: 1 }];
    const value = open().encode({ kind: 'call', id: 1, method: 'm', params });
    (params[0] as { a: number }).a = 2;
    assert.deepEqual(value, { jsonrpc: '2.0', id: 1, method: 'm', params: [{ a: 1 }] });
    assert.equal(open().encode({ kind: 'ping', id: 1 }), undefined);
  });
});

describe('a JSON-RPC batch', () => {
  it('is answered by one array when the last reply is there, in the order of the replies', () => {
    const rpc = open();
    heardBy(rpc, `[${call(1)},${call('1')},{"jsonrpc":"2.0","method":"n"},7]`);
    assert.equal(written(rpc, result('1', 'b')), undefined);
    assert.equal(written(rpc, error(null, 'no request')), undefined);
    assert.deepEqual(written(rpc, result(1, 'a')), [
      { jsonrpc: '2.0', id: '1', result: 'b' },
      { jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no request' } },
      { jsonrpc: '2.0', id: 1, result: 'a' },
    ]);
    assert.deepEqual(written(rpc, result(1, 'later')), { jsonrpc: '2.0', id: 1, result: 'later' });
  });

  it('of notifications is not answered', () => {
    const rpc = open();
    heardBy(rpc, '[{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","method":"$/unknown"}]');
    assert.deepEqual(written(rpc, error(null, 'x')), {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, message: 'x' },
    });
  });

  it('does not hold back what else is said', () => {
    const rpc = open();
    heardBy(rpc, `[${call(1)}]`);
    assert.deepEqual(written(rpc, result(2, 0)), { jsonrpc: '2.0', id: 2, result: 0 });
    assert.deepEqual(written(rpc, { kind: 'call', id: 1, method: 'm', params: [] }), {
      jsonrpc: '2.0',
      id: 1,
      method: 'm',
    });
  });

  it('gets every reply even where ids are used twice', () => {
    const rpc = open();
    heardBy(rpc, `[${call(1)},${call(1)}]`);
    heardBy(rpc, `[${call(1)}]`);
    assert.equal(written(rpc, result(1, 'a')), undefined);
    assert.deepEqual((written(rpc, result(1, 'b')) as unknown[]).length, 2);
    assert.deepEqual((written(rpc, result(1, 'c')) as unknown[]).length, 1);
    assert.deepEqual(written(rpc, result(1, 'd')), { jsonrpc: '2.0', id: 1, result: 'd' });
  });

  it('waits for nobody who answers its broken responses', () => {
    const rpc = open();
    const messages = heardBy(
      rpc,
      '[{"jsonrpc":"2.0","id":5,"result":1,"error":1},{"jsonrpc":"2.0","id":6,"result":1}]',
    );
    assert.deepEqual(
      messages.map(({ kind }) => kind),
      ['invalid', 'result'],
    );
    const said = written(rpc, error(null, 'x'));
    assert.ok(said !== undefined && !Array.isArray(said));
  });

  it('changes nothing where a reply cannot be said', () => {
    const rpc = open();
    heardBy(rpc, `[${call(1)}]`);
    assert.throws(() => rpc.encodeText(result(1, 1n)), { code: 'ERR_NOT_ENCODABLE' });
    assert.deepEqual(written(rpc, error(1, 'instead')), [
      { jsonrpc: '2.0', id: 1, error: { code: -32000, message: 'instead' } },
    ]);
  });

  it('holds no more than maxMessageBytes of replies, and its array is no larger', () => {
    const rpc = open({ limits: { maxMessageBytes: 500, maxDepth: 10 } });
    const reply = JSON.stringify({ jsonrpc: '2.0', id: 1, result: '' }).length;
    heardBy(rpc, `[${call(1)},${call(2)},${call(3)}]`);
    // 500 bytes: two brackets, a comma, and two replies.
    assert.equal(written(rpc, result(1, 'x'.repeat(300 - reply))), undefined);
    assert.throws(() => rpc.encodeText(result(2, 'x'.repeat(198 - reply))), {
      code: 'ERR_LIMIT',
      message: /maxMessageBytes \(500\)/,
    });
    assert.equal(written(rpc, result(2, 'x'.repeat(197 - reply))), undefined);
    assert.throws(() => rpc.encodeText(result(3, null)), { code: 'ERR_LIMIT' });
    const array = written(rpc, error(3, 'x'.repeat(100))) as { error?: unknown }[];
    assert.deepEqual(array[2]?.error, { code: -32000, message: 'too large' });
    // And all of it is free again.
    heardBy(rpc, `[${call(1)}]`);
    assert.ok(Array.isArray(written(rpc, result(1, 'x'.repeat(498 - reply)))));
  });

  it('may hold a thousand members that are no requests, and no more', () => {
    const members = (count: number): string => `[${new Array(count).fill('0').join(',')}]`;
    assert.equal(heardBy(open(), members(1000)).length, 1000);
    assert.throws(() => heardBy(open(), members(1001)), { code: 'ERR_PROTOCOL' });
  });

  it('holds no result deeper than maxDepth, and one that is just as deep', () => {
    const rpc = open({ limits: { maxMessageBytes: 500, maxDepth: 10 } });
    const batchOf = (depth: number): unknown => {
      const deep: unknown = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
      return [{ jsonrpc: '2.0', id: 1, result: deep }];
    };
    const heard: Message[] = [];
    // The batch and the envelope are two levels.
    rpc.decode(batchOf(10), 100, (message) => heard.push(message), 12);
    assert.equal(heard.length, 1);
    assert.throws(() => rpc.decode(batchOf(11), 100, () => {}, 13), {
      code: 'ERR_LIMIT',
      message: /maxDepth/,
    });
  });

  it('shares its bytes among its messages', () => {
    const sizes: number[] = [];
    open().decode([1, 2, 3], 100, (_, bytes) => sizes.push(bytes));
    assert.deepEqual(sizes, [34, 34, 34]);
  });

  it('is answered completely, whatever comes between', (t) => {
    const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`KINDRED_SEED=${seed}`);
    const id = fc.constantFrom<CallId>(1, 2, 3, '1', null);
    const batches = fc.array(fc.array(id, { minLength: 1, maxLength: 5 }), { maxLength: 6 });
    const property = fc.property(batches, fc.infiniteStream(fc.nat()), (lists, picks) => {
      const rpc = open();
      const owed: CallId[] = [];
      for (const ids of lists) {
        heardBy(rpc, `[${ids.map((one) => call(one)).join(',')}]`);
        owed.push(...ids);
      }
      const arrays: unknown[][] = [];
      while (owed.length > 0) {
        const [next = null] = owed.splice((picks.next().value as number) % owed.length, 1);
        const said = written(rpc, result(next, 0));
        if (said !== undefined) arrays.push(said as unknown[]);
      }
      const sizes = (all: readonly unknown[][]): number[] => all.map((one) => one.length).sort();
      assert.deepEqual(sizes(arrays), sizes(lists));
    });
    fc.assert(property, { seed });
  });
});

it('throws only KindredErrors at any JSON value', (t) => {
  const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`KINDRED_SEED=${seed}`);
  const field = fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'result', 'error', '_meta');
  const some = fc.oneof(
    fc.constantFrom('2.0', '$/meta', '$/item', '$/hello', '$/cancelRequest', 1),
    fc.jsonValue(),
  );
  const request = fc.dictionary(field, some).map((fields) => ({ jsonrpc: '2.0', ...fields }));
  fc.assert(
    fc.property(fc.oneof(request, fc.array(request), fc.jsonValue()), (value) => {
      try {
        for (const message of heardBy(open(), JSON.stringify(value))) assert.ok(message.kind.length > 0);
      } catch (thrown) {
        assert.ok(thrown instanceof KindredError);
      }
    }),
    { seed, numRuns: 1000 },
  );
});
