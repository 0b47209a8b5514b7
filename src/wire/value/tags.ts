/**
 * The first byte of every value in the binary dialect. PROTOCOL.md holds the same table, with what follows each tag.
 *
 * "count" is an unsigned LEB128 number below 2 ** 32, "string" any of the string forms, "value" any value.
 */

/** 0x00..0x3f: the integer 0..63 itself. */
export const INT = 0x00;
/** 0x40..0x7f: 0..63 bytes of UTF-8. */
export const STRING = 0x40;
/** 0x80..0x8f: 0..15 values. */
export const ARRAY = 0x80;
/** 0x90..0x9f: 0..15 strings, the names; then as many values. Defines the next shape of the message. */
export const OBJECT = 0x90;
/** 0xa0..0xaf: an object of shape 0..15: as many values as that shape has names. */
export const SHAPED = 0xa0;

export const UNDEFINED = 0xb0;
export const NULL = 0xb1;
export const FALSE = 0xb2;
export const TRUE = 0xb3;
/** u8, u16, u32: the number itself. */
export const INT_8 = 0xb4;
export const INT_16 = 0xb5;
export const INT_32 = 0xb6;
/** u8, u16, u32: n says -1 - n. */
export const NEGATIVE_8 = 0xb7;
export const NEGATIVE_16 = 0xb8;
export const NEGATIVE_32 = 0xb9;
/** f64. */
export const DOUBLE = 0xba;
/** count, so many bytes of magnitude, the lowest first. */
export const BIGINT = 0xbb;
export const NEGATIVE_BIGINT = 0xbc;

/** count, so many bytes of UTF-8. */
export const LONG_STRING = 0xc0;
/** count, so many u16: the UTF-16 units of a string that UTF-8 cannot say (it holds a lone surrogate). */
export const UTF16_STRING = 0xc1;
/** count, values. */
export const LONG_ARRAY = 0xc2;
/** count, names, values. Defines the next shape of the message. */
export const LONG_OBJECT = 0xc3;
/** count (the number of the shape), values. */
export const LONG_SHAPED = 0xc4;
/** count: the same array, object, ... as the one of that number in this message. */
export const SAME = 0xc5;

/** f64: milliseconds since 1970; NaN for an invalid date. */
export const DATE = 0xd0;
/** string (source), string (flags). */
export const REGEXP = 0xd1;
/** string. */
export const URL = 0xd2;
/** count, so many pairs of values. */
export const MAP = 0xd3;
/** count, values. */
export const SET = 0xd4;
/** count, bytes: a Uint8Array. */
export const BYTES = 0xd5;
/** count, bytes: an ArrayBuffer. */
export const BUFFER = 0xd6;
/** u8 (kind of element), count (of bytes), bytes: another typed array, or a DataView. */
export const VIEW = 0xd7;
/** u8 (class), u8 (flags), string (message), then what the flags say. */
export const ERROR = 0xd8;
/** u8 (flags), string (code), string (message), then what the flags say. */
export const KINDRED_ERROR = 0xd9;

/** count: the number of what was lent. */
export const FUNCTION = 0xe0;
export const STREAM = 0xe1;
export const HANDLE = 0xe2;
