#!/usr/bin/env node
// The command as the workspace runs it: from the sources, without a build. The packed
// manifest points at dist/main.js instead (publishConfig.bin), and this file stays behind.
import { registerHooks } from 'node:module';

const condition = '@kindred/source';

// This process is already running, so its own imports learn the condition from a hook ...
registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier, { ...context, conditions: [...context.conditions, condition] }),
});
// ... and whatever it starts learns it from the environment.
if (!process.env.NODE_OPTIONS?.includes(condition)) {
  process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --conditions=${condition}`.trim();
}

await import('../src/main.ts');
