/**
 * What is sent in every case, and the check that it is what was sent. The same for all contenders: one that loses a
 * message, answers with another, or cuts one short fails its round.
 */

/** The small message: 64 bytes as JSON. */
export interface Note {
  id: number;
  text: string;
}

/** An object like those that programs send: a few fields, and a list of records. */
export interface Order {
  id: number;
  customer: string;
  rows: Row[];
}

export interface Row {
  sku: string;
  title: string;
  count: number;
  price: number;
  inStock: boolean;
}

export type Payload = Note | Order;

/** Ids start so that all have seven digits. */
export const firstId = 1_000_001;

/** Sixteen texts of 40 letters: a text is not the one before it, and needs no time to make. */
const texts: readonly string[] = Array.from({ length: 16 }, (_, i) =>
  `${i.toString(16)} the quick brown fox jumps over a dog..`.slice(0, 40),
);

export function createNote(id: number): Note {
  return { id, text: texts[id & 15] as string };
}

/** Orders of about so many bytes as JSON, alike but for their id. */
export function orders(bytes: number): (id: number) => Order {
  const rows: Row[] = [];
  while (JSON.stringify({ id: firstId, customer: 'Ada Lovelace', rows }).length < bytes)
    rows.push(createRow(rows.length));
  return (id) => ({ id, customer: 'Ada Lovelace', rows });
}

function createRow(index: number): Row {
  return {
    sku: `SKU-${100_000 + index}`,
    title: `A thing for the house, number ${index}`,
    count: (index % 9) + 1,
    price: 1.25 + index,
    inStock: index % 3 !== 0,
  };
}

/** Throws where a payload is not whole. */
export function checkPayload(value: Payload): void {
  if ('text' in value) {
    if (value.text !== texts[value.id & 15]) throw new Error(`note ${value.id} arrived with another text`);
    return;
  }
  const last = value.rows.at(-1);
  if (last === undefined || last.sku !== `SKU-${100_000 + value.rows.length - 1}`)
    throw new Error(`order ${value.id} did not arrive whole`);
}

/** Throws where the answer is not the one to what was asked. */
export function checkEcho(sent: Payload, got: Payload): void {
  if (got.id !== sent.id) throw new Error(`the answer to ${sent.id} is ${got?.id}`);
  checkPayload(got);
  if ('rows' in sent && (got as Order).rows.length !== sent.rows.length)
    throw new Error(`order ${sent.id} came back cut`);
}
