import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scheduleOf } from './schedule.ts';

/** As croner has it, as far as it is used. */
class Cron {
  readonly pattern: string;
  readonly options: { timezone?: string };
  constructor(pattern: string, options: { timezone?: string }) {
    if (pattern === 'nonsense') throw new TypeError('invalid configuration format');
    this.pattern = pattern;
    this.options = options;
  }
  nextRun(after: Date): Date {
    return new Date(after.getTime() + 1);
  }
}
const load = async (): Promise<unknown> => ({ Cron });

describe('a schedule', () => {
  it('is taken as it is where it knows its next time', async () => {
    const schedule = { nextRun: () => null };
    assert.equal(await scheduleOf(schedule), schedule);
  });

  it('is made of a string, with its time zone', async () => {
    const made = (await scheduleOf(
      { cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      load,
    )) as unknown as Cron;
    assert.deepEqual([made.pattern, made.options.timezone], ['0 3 * * *', 'Europe/Berlin']);
    assert.deepEqual((await scheduleOf('@daily', load)).nextRun(new Date(1)), new Date(2));
  });

  it('is refused where the string is none, or nobody can read it', async () => {
    await assert.rejects(scheduleOf('nonsense', load), {
      code: 'ERR_BAD_CONFIG',
      message: /"nonsense": invalid/,
    });
    await assert.rejects(
      scheduleOf('* * * * *', () => Promise.reject(new Error('not found'))),
      {
        code: 'ERR_BAD_CONFIG',
        message: /npm install croner/,
      },
    );
  });
});
