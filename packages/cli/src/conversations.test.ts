// The conversations with a shell in the documents: every command is run, in the order of the page, and answers what stands there.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const inRoot = (file: string): string => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

interface Line {
  command: string;
  answer: string;
}

interface Said {
  child: ChildProcess;
  /** Both streams, as they come. */
  text: string;
}

for (const page of ['docs/reference/command.md', 'docs/guide/13-described.md', 'packages/cli/README.md'])
  test(`what ${page} shows of the command is what it does`, { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kindred-conversation-'));
    const runtime = join(folder, 'runtime');
    for (const module of ['math.ts', 'kiosk.ts'])
      copyFileSync(inRoot(`examples/programs/${module}`), join(folder, module));
    symlinkSync(inRoot('node_modules'), join(folder, 'node_modules'), 'junction');
    const program = inRoot('packages/cli/bin/from-source.js');
    writeFileSync(join(folder, 'kindred'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, {
      mode: 0o755,
    });
    const { NODE_TEST_CONTEXT: _ours, ...inherited } = process.env;
    const env = {
      ...inherited,
      KINDRED_RUNTIME_DIR: runtime,
      PATH: `${folder}${delimiter}${process.env['PATH']}`,
    };
    const asShown = ({ text }: Said): string =>
      text
        .replaceAll(/pid \d+/g, 'pid 4711')
        .replaceAll(runtime, '/run/kindred')
        .trimEnd();
    const servers: (Said & { line: Line })[] = [];
    try {
      for (const line of conversation(readFileSync(inRoot(page), 'utf8'))) {
        const stays = line.command.endsWith('&') || /^(serving|listening) /.test(line.answer);
        const said = run(line.command.replace(/&$/, ''), folder, env);
        if (stays) {
          servers.push(Object.assign(said, { line }));
          await until(said, /^(serving|listening) .*\n/m);
          continue;
        }
        await once(said.child, 'close');
        assert.equal(asShown(said), line.answer, line.command);
      }
    } finally {
      await Promise.all(servers.map(({ child }) => child.kill('SIGTERM') && once(child, 'close')));
      rmSync(folder, { recursive: true });
    }
    for (const server of servers)
      if (server.line.answer !== '') assert.equal(asShown(server), server.line.answer, server.line.command);
  });

/** The commands of all blocks, each with the lines below it. */
function conversation(page: string): Line[] {
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [command = '', ...answer] = text.trimEnd().split('\n');
        return { command, answer: answer.join('\n') };
      }),
  );
}

function run(command: string, cwd: string, env: NodeJS.ProcessEnv): Said {
  const simple = !command.includes('|');
  const child = spawn('bash', ['-c', `exec 2>&1; ${simple ? 'exec ' : ''}${command}`], { cwd, env });
  const said = { child, text: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.text += text;
  });
  return said;
}

async function until(said: Said, pattern: RegExp): Promise<void> {
  while (!pattern.test(said.text)) {
    assert.equal(said.child.exitCode, null, said.text);
    await once(said.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  }
}
