/**
 * The dialect `json-headers`: a JSON text behind a header section, as in the base protocol of the Language Server
 * Protocol.
 * ```
 *   Content-Length: 17\r\n
 *   Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n      (may be absent)
 *   \r\n
 *   {"jsonrpc":"2.0"}
 * ```
 */
import { KindredError } from '../base/errors.ts';
import type { Codec, CodecOptions } from './dialect.ts';
import { createHeldBytes } from './held-bytes.ts';
import { createJsonCodec, type Framing, type JsonIntake } from './json-codec.ts';

/** Bytes of one header section, the empty line included. */
export const maxHeaderBytes: number = 8 * 1024;

const newline = 0x0a;
/** `Name: value`, the name a token of HTTP: a request line is no header. */
const headerLine = /^([!#$%&'*+.^_`|~0-9a-z-]+):[ \t]*(.*?)[ \t]*$/i;
const charsetParameter = /;[ \t]*charset="?([^";]*?)"?[ \t]*(?:;|$)/i;

export function createJsonHeadersCodec(options: CodecOptions): Codec {
  return createJsonCodec(options, {
    name: 'json-headers',
    unit: 'body',
    recovers: true,
    frame: (intake) => headers(intake, options),
  });
}

function headers(intake: JsonIntake, { text: utf8, limits }: CodecOptions): Framing {
  /** The beginning of a header line, or of a body. */
  const held = createHeldBytes();
  let headerBytes = 0;
  let contentLength: number | undefined;
  let inBody = false;

  function takeHeaderLine(bytes: Uint8Array, start: number, end: number): void {
    let line: string;
    try {
      line = utf8.decode(bytes, start, end);
    } catch {
      throw new KindredError('ERR_PROTOCOL', 'a header line is no UTF-8');
    }
    if (line.endsWith('\r')) line = line.slice(0, -1);
    if (line === '') {
      if (contentLength === undefined)
        throw new KindredError('ERR_PROTOCOL', 'a header section has no Content-Length');
      inBody = true;
      return;
    }
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new KindredError('ERR_PROTOCOL', `no header line: ${JSON.stringify(line.slice(0, 40))}`);
    switch (name.toLowerCase()) {
      case 'content-length':
        takeContentLength(value);
        break;
      case 'content-type':
        checkCharset(value);
        break;
    }
  }

  function takeContentLength(value: string): void {
    if (contentLength !== undefined) throw new KindredError('ERR_PROTOCOL', 'Content-Length is given twice');
    if (!/^[0-9]+$/.test(value))
      throw new KindredError('ERR_PROTOCOL', `no Content-Length: ${JSON.stringify(value.slice(0, 40))}`);
    contentLength = Number(value);
    if (contentLength > limits.maxMessageBytes) throw intake.tooLarge();
  }

  /** Takes header bytes up to and with the next newline. Where to go on. */
  function eatHeader(chunk: Uint8Array, start: number): number {
    const end = chunk.indexOf(newline, start);
    const stop = end === -1 ? chunk.length : end + 1;
    headerBytes += stop - start;
    if (headerBytes > maxHeaderBytes)
      throw new KindredError(
        'ERR_LIMIT',
        `a header section is larger than maxHeaderBytes (${maxHeaderBytes})`,
      );
    if (end === -1) held.append(chunk, start, stop);
    else if (held.length === 0) takeHeaderLine(chunk, start, end);
    else {
      held.append(chunk, start, end);
      const line = held.take();
      takeHeaderLine(line, 0, line.length);
    }
    return stop;
  }

  /** Takes body bytes, up to the end of the body. Where to go on. */
  function eatBody(chunk: Uint8Array, start: number, length: number): number {
    const stop = start + length - held.length;
    if (stop > chunk.length) {
      held.append(chunk, start, chunk.length);
      return chunk.length;
    }
    inBody = false;
    contentLength = undefined;
    headerBytes = 0;
    if (held.length === 0) intake.bytes(chunk, start, stop);
    else {
      held.append(chunk, start, stop);
      const body = held.take();
      intake.bytes(body, 0, body.length);
    }
    return stop;
  }

  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length || (inBody && contentLength === 0))
        at = inBody ? eatBody(chunk, at, contentLength as number) : eatHeader(chunk, at);
      return undefined;
    },
    end() {
      if (inBody || headerBytes > 0)
        throw new KindredError(
          'ERR_PROTOCOL',
          `the stream ended in the middle of a ${inBody ? 'body' : 'header section'}`,
        );
    },
    dress({ text, bytes }) {
      const header = `Content-Length: ${bytes}\r\n\r\n`;
      return { text: header + text, bytes: header.length + bytes };
    },
  };
}

function checkCharset(contentType: string): void {
  const [, charset] = charsetParameter.exec(contentType) ?? [];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new KindredError(
      'ERR_PROTOCOL',
      `the charset must be utf-8, not ${JSON.stringify(charset.slice(0, 40))}`,
    );
}
