// ipc-end KIND   the child's end of native IPC:
//   echo [json|advanced]      a Kindred transport of values that sends back what it hears
//   bytes [json|advanced]     the same, of bytes
//   flood COUNT BYTES         sends COUNT values of BYTES bytes, waits until they are written, and exits at once
//   sink                      takes bytes, pauses after the first, and resumes when its stdin says so
import {
  createIpcByteTransport,
  createIpcValueTransport,
  type Serialization,
} from '../../src/transports/native-ipc.ts';

const [kind, first, second] = process.argv.slice(2);

switch (kind) {
  case 'echo': {
    const transport = createIpcValueTransport(process, first as Serialization);
    transport.start({
      value: (value) => void transport.post({ echo: value }),
      drain() {},
      close: () => console.log('closed'),
    });
    break;
  }
  case 'bytes': {
    const transport = createIpcByteTransport(process, first as Serialization);
    transport.start({
      data: (chunk) => void transport.write([chunk.slice()]),
      end: () => console.log('ended'),
      drain() {},
      close: () => console.log('closed'),
    });
    break;
  }
  case 'flood': {
    const transport = createIpcValueTransport(process);
    transport.start({ value() {}, drain() {}, close() {} });
    const text = 'x'.repeat(Number(second));
    for (let i = 0; i < Number(first); i++) transport.post({ i, text });
    await transport.flushed();
    process.exit(0);
    break;
  }
  case 'sink': {
    const transport = createIpcByteTransport(process);
    let size = 0;
    transport.start({
      data(chunk) {
        if (size === 0) {
          transport.pause();
          console.log('paused');
        }
        size += chunk.length;
      },
      end: () => console.log(String(size)),
      drain() {},
      close() {},
    });
    process.stdin.once('data', () => transport.resume()).unref();
    break;
  }
}
