/**
 * The exit codes that others know, by name.
 *
 * 64 to 78 are those of `sysexits.h` (4.3BSD; sysexits(3), sysexits.h(3head)), 126, 127 and 128 + n those of the shell
 * (POSIX.1-2024, Shell & Utilities, 2.8.2 "Exit Status for Commands").
 */
import { constants } from 'node:os';

export const exitCodes = {
  ok: 0,
  /** It failed, and no code below says why. */
  failure: 1,
  /** The command line is wrong. */
  usage: 64,
  /** The input is wrong. */
  dataErr: 65,
  /** An input file is missing or cannot be read. */
  noInput: 66,
  /** There is no such user. */
  noUser: 67,
  /** There is no such host. */
  noHost: 68,
  /** What is needed is not there: a service, a support program. */
  unavailable: 69,
  /** A defect of the program. */
  software: 70,
  /** The operating system failed: no more processes, no pipe. */
  osErr: 71,
  /** A file of the system is missing or wrong. */
  osFile: 72,
  /** An output file cannot be made. */
  cantCreate: 73,
  /** Reading or writing failed. */
  ioErr: 74,
  /** It may well succeed later. */
  tempFail: 75,
  /** The other end does not keep to the protocol. */
  protocol: 76,
  /** It is not permitted. */
  noPerm: 77,
  /** The configuration is wrong. */
  config: 78,
  /** Of a shell: the command was found and could not be run. */
  notExecutable: 126,
  /** Of a shell: there is no such command. */
  commandNotFound: 127,
  /** What a shell adds the number of a signal to, for a command that the signal ended. */
  signalBase: 128,
} as const;

/** What a shell says of a program that this signal has ended: 143 for SIGTERM. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return exitCodes.signalBase + constants.signals[signal];
}
