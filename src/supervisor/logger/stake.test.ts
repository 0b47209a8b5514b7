import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openPipes, type Pipes } from './fixtures/pipes.ts';
import { setStake, stakeOf, useStake } from './stake.ts';

describe('what is at stake of a FIFO', () => {
  let pipes: Pipes;
  let fd: number;
  const scratch = Buffer.alloc(64);
  beforeEach(() => {
    pipes = openPipes();
    fd = openSync(pipes.log('a').out, constants.O_RDWR | constants.O_NONBLOCK);
  });
  afterEach(() => {
    closeSync(fd);
    pipes.clear();
  });
  const log = { name: 'a', out: '', err: '' };
  const write = (text: string): void =>
    pipes.write({ ...log, out: `${pipes.directory}/a.out`, maxBytes: 1, files: 1, format: 'text' }, text);

  it('is nothing of one that nobody has read yet, whatever is written to it', () => {
    assert.equal(stakeOf(fd, 64), 0);
    write('text');
    assert.equal(stakeOf(fd, 64), 0);
  });

  it('is nothing as long as nothing is read, whatever is written to it', () => {
    useStake(fd, 0);
    write('text');
    assert.equal(stakeOf(fd, 64), 0);
  });

  it('is a whole read, when it was read and nothing was said since', () => {
    useStake(fd, 0);
    write('text');
    for (let times = 0; times < 4; times++) {
      readSync(fd, scratch, 0, 1, null);
      assert.equal(stakeOf(fd, 64), 64);
      setStake(fd, 0);
      assert.equal(stakeOf(fd, 64), 0);
    }
  });

  it('is what was said since the last read', () => {
    useStake(fd, 0);
    write('text');
    readSync(fd, scratch, 0, 4, null);
    setStake(fd, 4);
    write('more');
    assert.equal(stakeOf(fd, 64), 4);
    useStake(fd, 0);
    assert.equal(stakeOf(fd, 64), 0);
  });
});
