import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StagedReload } from './fixtures/staged-reload.ts';

const three = { present: [1, 2, 3], wanted: 3, surge: 1, healthyMs: 5000 };

describe('a reload', () => {
  it('starts one new, and drains its old one when it has been healthy for a while', () => {
    const stage = new StagedReload(three);
    assert.deepEqual(stage.take(), ['start new 1']);
    stage.ready('new', 1);
    assert.deepEqual(stage.take(), ['wake 5000']);
    stage.pass(4999);
    assert.deepEqual(stage.take(), ['wake 1']);
    stage.pass(1);
    assert.deepEqual(stage.take(), ['stop old 1']);
    stage.gone('old', 1);
    assert.deepEqual(stage.take(), ['start new 2']);
  });

  it('replaces all of them so, and is done', () => {
    const stage = new StagedReload(three);
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3']);
    assert.equal(stage.state.phase, 'done');
  });

  it('starts as many at once as surge says', () => {
    const stage = new StagedReload({ ...three, surge: 2 });
    assert.deepEqual(stage.take(), ['start new 1', 'start new 2']);
  });

  it('adds instances where more are wanted, and takes those away at the end that are too many', () => {
    const more = new StagedReload({ ...three, wanted: 5 });
    more.runThrough();
    assert.deepEqual(more.serving, ['new 1', 'new 2', 'new 3', 'new 4', 'new 5']);
    const fewer = new StagedReload({ ...three, wanted: 1 });
    assert.deepEqual(fewer.take(), ['start new 1']);
    fewer.ready('new', 1);
    fewer.pass(5000);
    fewer.gone('old', 1);
    assert.deepEqual(fewer.take().slice(-2), ['stop old 2', 'stop old 3']);
    fewer.runThrough();
    assert.deepEqual(fewer.serving, ['new 1']);
  });

  it('of a service that has none is a start of all, one after another', () => {
    const stage = new StagedReload({ ...three, present: [] });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3']);
  });

  it('does not wait where healthyMs is 0', () => {
    const stage = new StagedReload({ ...three, healthyMs: 0 });
    stage.ready('new', 1);
    assert.deepEqual(stage.take(), ['start new 1', 'stop old 1']);
  });

  it('goes on by the same plan in another process', () => {
    const stage = new StagedReload(three);
    stage.ready('new', 1);
    stage.handOn();
    stage.pass(5000);
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3']);
  });
});

describe('a failure', () => {
  const failures: [what: string, fail: (stage: StagedReload) => void][] = [
    ['that never becomes ready', (stage) => stage.failed('new', 2)],
    ['that ends before it is ready', (stage) => stage.gone('new', 2)],
    [
      'that ends when it was ready, and not healthy for long enough',
      (stage) => {
        stage.ready('new', 2);
        stage.gone('new', 2);
      },
    ],
    [
      'that turns out unhealthy',
      (stage) => {
        stage.ready('new', 2);
        stage.failed('new', 2);
      },
    ],
    ['of an earlier one, which serves already', (stage) => stage.gone('new', 1)],
  ];
  for (const [what, fail] of failures)
    it(`of a new one ${what}, rolls back: all old ones serve in the end`, () => {
      const stage = new StagedReload(three);
      stage.replace(1);
      fail(stage);
      assert.equal(stage.state.phase, 'rolling-back');
      stage.runThrough();
      assert.equal(stage.state.phase, 'rolled-back');
      assert.deepEqual(stage.serving, ['old 1', 'old 2', 'old 3']);
      assert.match(stage.state.why ?? '', /^instance \d /);
    });

  it('of the first leaves the old ones untouched', () => {
    const stage = new StagedReload(three);
    stage.take();
    stage.gone('new', 1);
    assert.deepEqual([stage.take(), stage.state.phase], [[], 'rolled-back']);
  });

  it('while an old one drains brings it back when it has gone', () => {
    const stage = new StagedReload(three);
    stage.ready('new', 1);
    stage.pass(5000);
    stage.gone('new', 1);
    assert.ok(!stage.take().includes('start old 1'));
    stage.gone('old', 1);
    assert.deepEqual(stage.take(), ['start old 1']);
    stage.ready('old', 1);
    assert.equal(stage.state.phase, 'rolled-back');
  });

  it('keeps the new one where the old one cannot be brought back', () => {
    const stage = new StagedReload(three);
    stage.replace(1);
    stage.failed('new', 2);
    stage.gone('new', 2);
    stage.failed('old', 1);
    stage.gone('old', 1);
    assert.equal(stage.state.phase, 'rolled-back');
    assert.deepEqual(
      stage.state.slots.map(({ step }) => step),
      ['lost', 'kept', 'kept'],
    );
    assert.deepEqual(stage.serving, ['new 1', 'old 2', 'old 3']);
  });

  it('of one of the old ones is no matter of the reload', () => {
    const stage = new StagedReload(three);
    stage.gone('old', 3);
    assert.equal(stage.state.phase, 'going');
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3']);
  });

  it('of one that was added takes it away again', () => {
    const stage = new StagedReload({ present: [1], wanted: 3, surge: 1, healthyMs: 0 });
    stage.replace(1);
    stage.ready('new', 2);
    stage.failed('new', 3);
    stage.runThrough();
    assert.deepEqual(stage.serving, ['old 1']);
  });
});

describe('canaries', () => {
  const canary = { ...three, canary: 1 };

  it('serve beside the old ones until they are told to go on', () => {
    const stage = new StagedReload(canary);
    stage.replace(1);
    assert.equal(stage.state.phase, 'paused');
    assert.deepEqual(stage.serving, ['new 1', 'old 2', 'old 3']);
    stage.tell({ kind: 'go-on' });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3']);
  });

  it('are taken back when that is asked for', () => {
    const stage = new StagedReload(canary);
    stage.replace(1);
    stage.tell({ kind: 'roll-back', why: 'somebody asked for it' });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['old 1', 'old 2', 'old 3']);
    assert.equal(stage.state.why, 'somebody asked for it');
  });

  it('that fail while all wait are taken back', () => {
    const stage = new StagedReload(canary);
    stage.replace(1);
    stage.gone('new', 1);
    stage.runThrough();
    assert.deepEqual(stage.serving, ['old 1', 'old 2', 'old 3']);
  });

  it('as many as there are instances are a reload like any other', () => {
    const stage = new StagedReload({ ...three, canary: 3 });
    stage.runThrough();
    assert.equal(stage.state.phase, 'done');
  });
});

describe('a scale in the midst', () => {
  it('to more adds new ones', () => {
    const stage = new StagedReload(three);
    stage.tell({ kind: 'scale', instances: 4 });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1', 'new 2', 'new 3', 'new 4']);
  });

  it('to fewer takes away the last, new ones too', () => {
    const stage = new StagedReload(three);
    stage.replace(1);
    stage.replace(2);
    stage.ready('new', 3);
    stage.tell({ kind: 'scale', instances: 1 });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['new 1']);
  });

  it('while it rolls back is kept for afterwards', () => {
    const stage = new StagedReload(three);
    stage.replace(1);
    stage.gone('new', 2);
    stage.tell({ kind: 'scale', instances: 5 });
    stage.runThrough();
    assert.deepEqual(stage.serving, ['old 1', 'old 2', 'old 3']);
    assert.equal(stage.state.scaleTo, 5);
  });
});

it('of any reload, whatever fails, is scaled or rolled back in it, there is an end, and never fewer serve than before', () => {
  const request = fc.record({
    old: fc.integer({ min: 0, max: 4 }),
    wanted: fc.integer({ min: 0, max: 5 }),
    surge: fc.integer({ min: 1, max: 3 }),
    healthyMs: fc.constantFrom(0, 5000),
    canary: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });
  const story = fc.array(
    fc.record({
      which: fc.nat(),
      what: fc.constantFrom('step', 'step', 'step', 'step', 'fail', 'scale', 'roll-back', 'go-on'),
      instances: fc.integer({ min: 0, max: 6 }),
    }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(request, story, ({ old, ...more }, events) => {
      const present = Array.from({ length: old }, (_, index) => index + 1);
      const stage = new StagedReload({ present, ...more });
      const hasFallen = events.some(({ what }) => what === 'fail');
      let wanted = more.wanted;
      let least = Math.min(old, wanted);
      for (const { which, what, instances } of events) {
        if (stage.isOver) break;
        if (what === 'scale') {
          if (stage.state.phase !== 'rolling-back') wanted = instances;
          least = Math.min(least, instances);
          stage.tell({ kind: 'scale', instances });
        } else if (what === 'roll-back') stage.tell({ kind: 'roll-back', why: 'asked' });
        else if (what === 'go-on') stage.tell({ kind: 'go-on' });
        else if (what === 'fail') stage.failOne(which);
        else stage.oneStep(which);
        if (!hasFallen) assert.ok(stage.serving.length >= least, `${stage.serving} of ${least}`);
      }
      stage.runThrough();
      assert.ok(stage.isOver, JSON.stringify(stage.state));
      const generation = stage.state.phase === 'done' ? 'new' : 'old';
      const count = stage.state.phase === 'done' ? wanted : old;
      const expected = Array.from({ length: count }, (_, index) => `${generation} ${index + 1}`);
      const lost = stage.state.slots.filter(({ step }) => step === 'lost');
      if (lost.length === 0) assert.deepEqual(stage.serving, expected);
    }),
    { numRuns: 3000 },
  );
});
