/** What is wrong with the command line, found after the options were parsed; the message says how to write it right. */
export class UsageError extends Error {}
