import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type Line, openLine } from './line.ts';
import { openRouteWords, routeWords } from './route-words.ts';

describe('a line', () => {
  it('hands on what is sent, with its handle, and tells when it is written', () => {
    const passed: unknown[][] = [];
    const { end } = openLine((...args) => passed.push(args.slice(0, 2)) && args[2](null));
    const socket = new Socket();
    let written = 0;
    const count = (): void => void written++;
    end.send('hello', count);
    end.send('give', socket, { keepOpen: true }, count);
    assert.deepEqual(passed, [
      ['hello', undefined],
      ['give', socket],
    ]);
    assert.equal(written, 2);
  });

  it('tells what the other end says until it is cut, and closes what nobody takes', () => {
    const line = openLine(() => {});
    const heard: unknown[] = [];
    const socket = new Socket();
    line.hear('too early', socket);
    assert.ok(socket.destroyed);
    line.end.on('message', (said) => heard.push(said));
    line.end.on('disconnect', () => heard.push('(cut)'));
    line.hear('one', undefined);
    line.cut();
    line.cut();
    line.hear('two', undefined);
    assert.deepEqual(heard, ['one', '(cut)']);
    assert.equal(line.end.connected, false);
  });

  it('tells once that the process at the other end has ended, and what that had said', () => {
    const line: Line = openLine(() => {});
    const heard: unknown[] = [];
    line.end.on('message', (said) => heard.push(said)).on('exit', () => heard.push('(ended)'));
    line.ended();
    line.ended();
    line.hear('last words', undefined);
    assert.deepEqual(heard, ['(ended)', 'last words']);
    assert.notEqual(line.end.exitCode, null);
  });
});

describe('the words of a route', () => {
  it('are told from what a program says over its channel', () => {
    const says = { say: 'line', line: 'web.1#1', said: { any: 'thing' } } as const;
    assert.deepEqual(openRouteWords(JSON.parse(JSON.stringify(routeWords(says)))), says);
    for (const other of [
      undefined,
      'ready',
      {},
      { 'kindred.route': { say: 'more' } },
      { 'kindred.route': { say: 'cut' } },
    ])
      assert.equal(openRouteWords(other), undefined);
  });
});
