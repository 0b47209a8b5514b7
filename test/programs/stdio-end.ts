// stdio-end [chatty]   speaks over its own stdin and stdout: sends back what it hears, in capitals; at the end of its
//   input it says `bye` and ends. chatty: prints all the time, to stdout and stderr.
import { createStdioTransport } from '../../src/transports/stdio.ts';

const chatty = process.argv[2] === 'chatty';
if (chatty) console.log('before');
const transport = createStdioTransport();
transport.start({
  data(chunk) {
    const text = Buffer.from(chunk).toString();
    if (chatty) {
      console.log('stray log');
      process.stdout.write('stray write\n', () => console.info('stray callback'));
      console.error('proper');
    }
    transport.write([text.toUpperCase()]);
  },
  end() {
    if (chatty) console.log('stray at the end');
    transport.write(['bye\n']);
    transport.end();
  },
  drain() {},
  close() {
    if (chatty) console.log('stray after the close');
  },
});
