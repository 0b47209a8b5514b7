#!/usr/bin/env node
/** The program `kindred`. */
import { run } from './run.ts';
import { openTerminal } from './terminal.ts';

async function main(): Promise<never> {
  const terminal = openTerminal();
  const code = await run(process.argv.slice(2), terminal);
  await terminal.flush();
  process.exit(code);
}

void main();
