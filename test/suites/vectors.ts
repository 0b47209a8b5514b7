/** Reads the vectors of test/vectors; README.md there describes them. */
import { readFileSync } from 'node:fs';
import type { ErrorCode } from '../../src/base/errors.ts';
import type { CodecOptions } from '../../src/wire/dialect.ts';
import type { CallId, Message } from '../../src/wire/message.ts';

export interface Vector {
  title: string;
  bytes: Uint8Array;
  mode?: CodecOptions['mode'];
  messages: Message[];
  end?: boolean;
  limits?: Partial<CodecOptions['limits']>;
  throws?: ErrorCode;
  canonical?: boolean;
}

interface Written extends Omit<Vector, 'bytes' | 'messages'> {
  text?: string;
  hex?: string;
  messages: (Message | { kind: 'invalid'; id: CallId; code: number; answers?: CallId })[];
}

export function readVectors(name: string): Vector[] {
  return readFile<Written>(name).map(({ text, hex, messages, ...others }) => ({
    ...others,
    bytes: bytesOf({ text, hex }),
    messages: messages.map(messageOf),
  }));
}

/** What a file of vectors holds, as it is written. */
export function readFile<T>(name: string): T[] {
  const file = new URL(`../vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: T[] }).vectors;
}

export function bytesOf({ text, hex }: { text?: string | undefined; hex?: string | undefined }): Uint8Array {
  return hex === undefined
    ? new TextEncoder().encode(text)
    : Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function messageOf(written: Written['messages'][number]): Message {
  if (written.kind !== 'invalid' || !('code' in written)) return written as Message;
  const { code, ...others } = written;
  return { ...others, error: { code, message: '' } };
}
