/** What the exit code of the command says. */
import { KindredError } from 'kindred';
import { UsageError } from './usage.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notReachable: 3,
  timedOut: 4,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** In the words of `--help`. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done: the result, if there is one, is on stdout',
  failed: 'the service answered with an error, or something else went wrong',
  usage: 'the command line is wrong',
  notReachable: 'nobody is there: nothing was sent',
  timedOut: 'the time given ran out',
  interrupted: 'interrupted (Ctrl-C)',
  terminated: 'ended by SIGTERM',
};

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage;
  if (!(error instanceof KindredError)) return exitCodes.failed;
  switch (error.code) {
    case 'ERR_TIMEOUT':
      return exitCodes.timedOut;
    case 'ERR_NOT_REACHABLE':
      return exitCodes.notReachable;
    case 'ERR_PEER_GONE':
      return error.outcome === 'not-sent' ? exitCodes.notReachable : exitCodes.failed;
    case 'ERR_BAD_ADDRESS':
    case 'ERR_BAD_ARGUMENT':
    case 'ERR_INSECURE_ADDRESS':
      return error.origin === 'local' && error.outcome !== 'executed' ? exitCodes.usage : exitCodes.failed;
    default:
      return exitCodes.failed;
  }
}
