/**
 * Lines as they stand in a file.
 *
 *   text   2026-01-02T03:04:05.678Z out a line          (`out+`: it goes on in the next one of this stream)
 *   json   {"at":"2026-01-02T03:04:05.678Z","log":"web.1","stream":"out","text":"a line"}        ("cut":true)
 */
import { Buffer } from 'node:buffer';
import type { LogLine } from './log-line.ts';

export type LogFormat = 'text' | 'json';
export type LogStream = LogLine['stream'];

/** UTF-8, each line with its newline; the last one without, where it is `cut`. */
export interface Piece {
  stream: LogStream;
  /** Wall clock, milliseconds since 1970. */
  at: number;
  bytes: Buffer;
  cut: boolean;
}

/** The piece as it is written: whole lines, each with its newline. */
export function encodePiece(format: LogFormat, log: string, piece: Piece): Buffer {
  return format === 'text' ? encodeText(piece) : encodeJson(log, piece);
}

/**
 * One string for all lines of a piece, byte by character: several times as fast as to copy line by line.
 */
function encodeText({ stream, at, bytes, cut }: Piece): Buffer {
  const prefix = `${timeText(at)} ${stream} `;
  const end = cut ? bytes.length : bytes.length - 1;
  const lines = bytes.toString('latin1', 0, end);
  if (!cut) return Buffer.from(`${prefix}${lines.replaceAll('\n', `\n${prefix}`)}\n`, 'latin1');
  return Buffer.from(`${timeText(at)} ${stream}+ ${lines}\n`, 'latin1');
}

function encodeJson(log: string, { stream, at, bytes, cut }: Piece): Buffer {
  const start = `{"at":"${timeText(at)}","log":${JSON.stringify(log)},"stream":"${stream}","text":`;
  const end = cut ? ',"cut":true}\n' : '}\n';
  const lines = bytes.toString('utf8').split('\n');
  if (!cut) lines.pop();
  return Buffer.from(lines.map((text) => `${start}${JSON.stringify(text)}${end}`).join(''));
}

const farthestMs = 8.64e15;

function timeText(at: number): string {
  return new Date(Math.min(Math.max(at, 0), farthestMs)).toISOString();
}

const textLine = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (out|err|note)(\+?) /;

/**
 * A line of a file, without its newline, in either format. What somebody else has written there is a `note` of the time
 * `otherwiseAt`.
 */
export function decodeLine(log: string, line: string, otherwiseAt: number): LogLine {
  const [prefix, time, stream, plus] = textLine.exec(line) ?? [];
  if (prefix !== undefined && time !== undefined) {
    const text = line.slice(prefix.length);
    const is = { at: Date.parse(time), log, stream: stream as LogStream, text };
    return plus === '+' ? { ...is, cut: true } : is;
  }
  return decodeJson(log, line) ?? { at: otherwiseAt, log, stream: 'note', text: line };
}

function decodeJson(log: string, line: string): LogLine | undefined {
  if (!line.startsWith('{"at":"')) return undefined;
  try {
    const { at, stream, text, cut } = JSON.parse(line) as Record<string, unknown>;
    const time = Date.parse(String(at));
    if (Number.isNaN(time) || typeof text !== 'string') return undefined;
    if (stream !== 'out' && stream !== 'err' && stream !== 'note') return undefined;
    return cut === true ? { at: time, log, stream, text, cut } : { at: time, log, stream, text };
  } catch {
    return undefined;
  }
}
