// A server by jayson over TCP. Its port goes to stdout, as a line.
import jayson from 'jayson';

const heard = [];
const server = new jayson.Server({
  add: (numbers, callback) =>
    callback(
      null,
      numbers.reduce((a, b) => a + b, 0),
    ),
  greet: ({ name }, callback) => callback(null, `Hello, ${name}.`),
  fail: (_params, callback) => callback({ code: 42, message: 'not today', data: { why: 'rain' } }),
  note: ([text], callback) => {
    heard.push(text);
    callback();
  },
  heard: (_params, callback) => callback(null, heard),
});
const listening = server.tcp();
listening.listen(0, '127.0.0.1', () => console.log(listening.address().port));
process.stdin.on('end', () => process.exit()).resume();
