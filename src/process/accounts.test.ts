import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Accounts, findGroup, findUser, isId } from './accounts.ts';

const files = {
  passwd: [
    'root:x:0:0:root:/root:/bin/bash',
    'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
    '1000:x:77:77:a name in digits:/:/bin/sh',
    'ada:x:1000:1000:Ada,,,:/srv/ada:/bin/bash',
    'broken:x:::',
    '# a comment',
    '',
  ].join('\n'),
  group: ['root:x:0:', 'www-data:x:33:ada,bob', 'ada:x:1000:', 'web:x:4294967295:', ''].join('\n'),
};

/** And what was asked of the directory service. */
function accountsOf(directory: Record<string, string> = {}): Accounts & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    read: (database) => files[database],
    ask(database, key) {
      asked.push(`${database} ${key}`);
      return directory[key];
    },
  };
}

it('finds a user by name, by number, and by a number in digits', () => {
  const accounts = accountsOf();
  const www = { name: 'www-data', uid: 33, gid: 33 };
  for (const key of ['www-data', 33, '33']) assert.deepEqual(findUser(key, accounts), www);
  assert.deepEqual(accounts.asked, []);
});

it('takes digits for a name first, and a number for a number', () => {
  assert.equal(findUser('1000', accountsOf())?.uid, 77);
  assert.equal(findUser(1000, accountsOf())?.name, 'ada');
});

it('finds a group, and who else belongs to it', () => {
  assert.deepEqual(findGroup('www-data', accountsOf()), {
    name: 'www-data',
    gid: 33,
    members: ['ada', 'bob'],
  });
  assert.deepEqual(findGroup(1000, accountsOf())?.members, []);
});

it('asks the directory service for what the files do not have', () => {
  const accounts = accountsOf({ grace: 'grace:*:5000:5001:Grace:/srv/grace:/bin/sh' });
  assert.deepEqual(findUser('grace', accounts), { name: 'grace', uid: 5000, gid: 5001 });
  assert.deepEqual(accounts.asked, ['passwd grace']);
});

it('does not take another account that the directory service answers with', () => {
  const line = 'mallory:*:0:0::/:/bin/sh';
  assert.equal(findUser('grace', accountsOf({ grace: line })), undefined);
  assert.equal(findUser(5000, accountsOf({ 5000: line })), undefined);
});

it('finds nothing for what is no name, and asks nobody', () => {
  const accounts = accountsOf();
  for (const key of ['', '-s', 'root:x', 'a\nroot', 'a\0'])
    assert.equal(findUser(key, accounts), undefined, key);
  assert.deepEqual(accounts.asked, []);
});

it('finds nothing in a line that has no ids, or the one that means none', () => {
  assert.equal(findUser('broken', accountsOf()), undefined);
  assert.equal(findGroup('web', accountsOf()), undefined);
});

it('knows an id from everything else', () => {
  for (const text of ['0', '33', '4294967294']) assert.equal(isId(text), true, text);
  for (const text of [
    '',
    '-1',
    '007',
    '1e3',
    '1.5',
    ' 1',
    '4294967295',
    '99999999999',
    'root',
    33,
    undefined,
  ])
    assert.equal(isId(text), false, String(text));
});

it('finds the users of this system', { skip: process.platform === 'win32' && 'there are none' }, () => {
  assert.deepEqual(findUser('root'), { name: 'root', uid: 0, gid: 0 });
  assert.equal(findUser('nobody-of-that-name'), undefined);
});
