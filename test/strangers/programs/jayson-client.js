// A client by jayson: `jayson-client.js PORT`. What it has seen goes to stdout, as one line of JSON.
import { promisify } from 'node:util';
import jayson from 'jayson';

const client = jayson.Client.tcp({ port: Number(process.argv[2]), host: '127.0.0.1' });
const request = (method, params, id) =>
  new Promise((resolve, reject) =>
    client.request(method, params, id, (failure, answer) => (failure ? reject(failure) : resolve(answer))),
  );

const seen = {};
seen.added = (await request('add', [1, 2, 3])).result;
seen.greeted = (await request('greet', { name: 'jayson' })).result;
const { code, message, data } = (await request('fail', [])).error;
seen.failed = { code, message, data };
seen.missing = (await request('missing', [])).error.code;

// Without an id it is a notification.
await request('note', ['a notification'], null);
const batch = [
  client.request('add', [1, 2], undefined, false),
  client.request('note', ['in a batch'], null, false),
  client.request('missing', [], undefined, false),
  client.request('add', [3, 4], undefined, false),
];
const answers = await promisify(client.request.bind(client))(batch);
seen.batch = batch.map(({ id }) => {
  const answer = answers.find((one) => one.id === id);
  return answer?.result ?? answer?.error.code ?? 'no answer';
});
process.stdout.write(`${JSON.stringify(seen)}\n`);
