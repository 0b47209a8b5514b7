/** The packages of the contenders: a workspace of their own, installed when one of them is asked for. */
import { fileURLToPath } from 'node:url';
import { installPackages as install } from '../scripts/install-packages.ts';
import { contenders } from './contenders.ts';

export function needsPackages(name: string): boolean {
  return (contenders as Record<string, { packages?: boolean }>)[name]?.packages ?? false;
}

export function installPackages(): void {
  install(fileURLToPath(new URL('.', import.meta.url)));
}
