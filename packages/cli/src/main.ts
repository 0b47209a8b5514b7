#!/usr/bin/env node
/** The program `kindred`. */
import { run } from './run.ts';
import { openTerminal } from './terminal.ts';

async function main(): Promise<never> {
  const terminal = openTerminal();
  process.exit(await run(process.argv.slice(2), terminal));
}

void main();
