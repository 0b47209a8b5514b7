/** A child of `child_process.fork`, with either of its serialisations. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Contender } from '../../contender.ts';
import { createNote, type Payload } from '../../payload.ts';
import { createPending } from './pending.ts';

export function createForked(serialization: 'json' | 'advanced'): Contender {
  return {
    child(service, { oneWay }) {
      const send = process.send?.bind(process);
      process.on('message', (value: Payload) => {
        if (!oneWay) send?.(service.echo(value));
        else if (value.id !== 0) service.note(value as never);
        else send?.({ id: 0, total: service.total() });
      });
      process.on('disconnect', () => process.exit(0));
    },

    async connect({ entry }) {
      const child = fork(entry.file, entry.args, { serialization });
      const pending = createPending();
      child.on('message', (value: Payload) => pending.answer(value));
      return {
        echo: (value) => pending.ask(value, () => child.send(value)),
        notify: createSender(child),
        async total() {
          const question = { ...createNote(0), total: -1 };
          return (await pending.ask(question, () => child.send(question))).total;
        },
        async close() {
          child.disconnect();
          await once(child, 'exit');
        },
      };
    },
  };
}

/** `send` says by `false` that much waits, but only a callback says when it is gone: asked of one message in many. */
function createSender(child: ChildProcess): (value: Payload) => Promise<void> | undefined {
  let sent = 0;
  return (value) => {
    if (++sent % 256 !== 0) {
      child.send(value);
      return undefined;
    }
    return new Promise((resolve) => child.send(value, () => resolve()));
  };
}
