/** What came as a value of the other end's own making (a message port clones whatever is posted): a message, or none. */
import { KindredError } from '../base/errors.ts';
import { ackLevels } from './binary-kinds.ts';
import type { Hello, Message, MessageKind } from './message.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Whether a field is what it has to be. */
type Check = (field: unknown) => boolean;

const isId: Check = (field) => field === null || typeof field === 'string' || typeof field === 'number';
const isNumber: Check = (field) => typeof field === 'number';
const isText: Check = (field) => typeof field === 'string';
const isMethod: Check = (field) => typeof field === 'string' || typeof field === 'number';
const isObject = (field: unknown): field is Fields => typeof field === 'object' && field !== null;
const isPlain: Check = (field) => isObject(field) && Object.getPrototypeOf(field) === Object.prototype;
const isParams: Check = (field) => Array.isArray(field) || isPlain(field);
const isMeta: Check = (field) => field === undefined || isPlain(field);
const isLevel: Check = (field) => (ackLevels as readonly unknown[]).includes(field);
const isAck: Check = (field) =>
  field === undefined || (isObject(field) && isNumber(field['id']) && isLevel(field['level']));
const isError: Check = (field) =>
  isObject(field) && typeof field['code'] === 'number' && typeof field['message'] === 'string';
const any: Check = () => true;

/** The fields of each kind that another Kindred can say as a value; what carries values is never resumed. */
const fieldsOf: Readonly<
  Record<Exclude<MessageKind, 'invalid' | 'plain' | 'received' | 'bye'>, Readonly<Record<string, Check>>>
> = {
  call: { id: isId, method: isMethod, params: isParams, meta: isMeta },
  notify: { method: isText, params: isParams, meta: isMeta, ack: isAck },
  result: { id: isId, value: any },
  error: { id: isId, error: isError },
  cancel: { id: isId },
  item: { stream: isId, seq: isNumber, value: any },
  end: { stream: isId },
  fail: { stream: isId, error: isError },
  credit: { stream: isId, items: isCount, bytes: isCount },
  stop: { stream: isId },
  ping: { id: isNumber },
  pong: { id: isNumber, delayMs: isNumber },
  goaway: { lastId: isId, reason: isText },
  ack: { id: isNumber, level: isLevel },
  hello: { hello: isHello },
};

/** Throws `ERR_PROTOCOL`. */
export function checkMessage(value: unknown): Message {
  const kind = isObject(value) ? value['kind'] : undefined;
  const checks =
    typeof kind === 'string' && Object.hasOwn(fieldsOf, kind)
      ? fieldsOf[kind as keyof typeof fieldsOf]
      : undefined;
  if (checks === undefined) throw new KindredError('ERR_PROTOCOL', 'a value arrived where a message was due');
  for (const [name, check] of Object.entries(checks))
    if (!check((value as Fields)[name]))
      throw new KindredError('ERR_PROTOCOL', `a message (${kind}) arrived whose ${name} is none`);
  return value as Message;
}

/** So many items or bytes. */
export function isCount(field: unknown): field is number {
  return typeof field === 'number' && Number.isSafeInteger(field) && field >= 0;
}

/** What an end says of itself has numbers above 0; what is said besides them is not looked at. */
export function isHello(field: unknown): field is Hello {
  if (!isObject(field) || !isPlain(field)) return false;
  const { version, maxCalls, maxMessageBytes, maxStreams = 1 } = field;
  return [version, maxCalls, maxMessageBytes, maxStreams].every(
    (number) => Number.isFinite(number) && (number as number) > 0,
  );
}
