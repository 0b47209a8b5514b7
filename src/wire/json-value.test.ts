import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import vm from 'node:vm';
import { jsonText } from './json-value.ts';

const limits = { maxMessageBytes: 1000, maxDepth: 10 };
const textOf = (value: unknown, root = ''): string => jsonText(value, { root, limits });
const refuses = (value: unknown, message: string | RegExp): void => {
  assert.throws(() => textOf(value, 'params'), { code: 'ERR_NOT_ENCODABLE', message });
};

class Point {
  x = 1;
  y = 2;
  #hidden = 3;
  get sum(): number {
    return this.x + this.y + this.#hidden;
  }
}

describe('a value as JSON text', () => {
  it('is what JSON.stringify says of plain values', () => {
    const values = [
      null,
      true,
      0,
      -1.5,
      'a"b',
      [],
      {},
      [[]],
      { a: { b: [1, '\ud800'] } },
      Object.create(null),
    ];
    for (const value of values) assert.equal(textOf(value), JSON.stringify(value));
  });

  it('keeps minus zero', () => {
    assert.equal(textOf([-0, { a: -0 }, 0]), '[-0,{"a":-0},0]');
  });

  it('says an instance of a class by its own properties', () => {
    assert.equal(textOf([new Point()]), '[{"x":1,"y":2}]');
    assert.equal(textOf([-0, new Point()]), '[-0,{"x":1,"y":2}]');
    class Named extends Point {
      readonly [Symbol.toStringTag] = 'Named';
    }
    assert.equal(textOf(new Named()), '{"x":1,"y":2}');
    function Old(this: { a: number }): void {
      this.a = 1;
    }
    Old.prototype.method = (): void => {};
    assert.equal(textOf(Reflect.construct(Old, [])), '{"a":1}');
  });

  it('says an object with a toJSON by what that gives, asked once', () => {
    let asked = 0;
    const money = {
      toJSON(key: string) {
        asked++;
        return { amount: '1.50', key };
      },
    };
    assert.equal(textOf({ price: money }), '{"price":{"amount":"1.50","key":"price"}}');
    assert.equal(asked, 1);
    assert.equal(textOf([{ toJSON: () => 5 }, { toJSON: () => null }]), '[5,null]');
    const self = { a: 1, toJSON: (): object => self };
    assert.equal(textOf([Object.defineProperty(self, 'toJSON', { enumerable: false })]), '[{"a":1}]');
  });

  it('says what another realm made like what this one made', () => {
    assert.equal(textOf(vm.runInNewContext('({ a: [1, { b: 2 }] })')), '{"a":[1,{"b":2}]}');
    refuses(vm.runInNewContext('[new Date(0)]'), /^params\[0\] is a Date/);
    refuses(vm.runInNewContext('[new Error("x")]'), /^params\[0\] is an Error/);
  });

  it('says one object as often as it is there', () => {
    const shared = { a: 1 };
    assert.equal(textOf([shared, shared, -0]), '[{"a":1},{"a":1},-0]');
  });

  it('refuses by path, with what to send instead', () => {
    refuses(
      [{ when: new Date(0) }],
      'params[0].when is a Date, which plain JSON cannot say: send a string or a number',
    );
    refuses([undefined], 'params[0] is undefined, which plain JSON cannot say: send null, or leave it out');
    refuses({ a: undefined }, /^params\.a is undefined/);
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    refuses([1, , 3], /^params\[1\] is undefined/);
    refuses({ 'a-b': { 1: [Number.NaN] } }, /^params\["a-b"\]\["1"\]\[0\] is NaN/);
    refuses([Promise.resolve()], /^params\[0\] is a Promise, .*is an await missing/);
    refuses([Buffer.from('x')], /^params\[0\] is bytes \(Uint8Array\)/);
    refuses([new DOMException('x')], /^params\[0\] is an Error/);
    refuses([new Blob([])], /^params\[0\] is a Blob object without properties of its own/);
    refuses(1n, /^params is a BigInt/);
    assert.throws(() => textOf(undefined), { message: /^the message is undefined/ });
  });

  it('names both ends of a cycle', () => {
    const child: Record<string, unknown> = {};
    const parent = { children: [child] };
    child.parent = parent;
    refuses({ tree: parent }, /^params\.tree\.children\[0\]\.parent is a cycle back to params\.tree,/);
    const alone: unknown[] = [];
    alone.push(alone);
    assert.throws(() => textOf(alone), { message: /^\[0\] is a cycle back to the message/ });
  });

  it('tells the code that failed when a value could not be read', () => {
    const cause = new TypeError('no');
    const value = {
      get a(): never {
        throw cause;
      },
    };
    assert.throws(() => textOf(value), {
      code: 'ERR_NOT_ENCODABLE',
      message: 'a could not be read: its getter threw',
      cause,
    });
  });

  it('takes maxDepth and no more, also where the value is spelled out', () => {
    const nest = (depth: number, core: unknown): unknown => (depth === 0 ? core : [nest(depth - 1, core)]);
    for (const core of [1, -0]) {
      assert.equal(textOf(nest(10, core)).length, 20 + textOf(core).length);
      assert.throws(() => textOf(nest(11, core)), { code: 'ERR_LIMIT', message: /maxDepth \(10\)/ });
    }
  });

  it('takes maxMessageBytes, also where the value is spelled out', () => {
    for (const core of [0, -0]) {
      const value = (bytes: number): unknown => [core, 'x'.repeat(bytes)];
      const most = 1000 - textOf(value(0)).length;
      assert.equal(textOf(value(most)).length, 1000);
    }
    assert.throws(() => textOf([-0, 'x'.repeat(1000)]), {
      code: 'ERR_LIMIT',
      message: /maxMessageBytes \(1000\)/,
    });
  });

  it('gives up soon on a small value that would be a huge text', () => {
    let value: unknown = [1, 1];
    for (let i = 0; i < 60; i++) value = [value, value];
    const options = { root: '', limits: { maxMessageBytes: 1_000_000, maxDepth: 100 } };
    assert.throws(() => jsonText(value, options), { code: 'ERR_LIMIT', message: /maxMessageBytes/ });
  });

  it('meets the end of the stack with an error of its own', () => {
    let value: unknown = 1;
    for (let i = 0; i < 100_000; i++) value = [value];
    const options = { root: '', limits: { maxMessageBytes: 1e9, maxDepth: 1e9 } };
    assert.throws(() => jsonText(value, options), { code: 'ERR_LIMIT', message: /too large to be written/ });
  });
});
