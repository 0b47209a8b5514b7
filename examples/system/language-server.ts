/** Drives a language server from npm (that of VS Code for CSS), as an editor does. */
import assert from 'node:assert/strict';
import { connect } from 'kindred';
import { spawn } from 'kindred/process';

// #region types
interface Position {
  line: number;
  character: number;
}
interface At {
  textDocument: { uri: string };
  position: Position;
}
interface Diagnostics {
  uri: string;
  diagnostics: { message: string; range: { start: Position; end: Position } }[];
}

interface LanguageServer {
  initialize(client: object): { capabilities: { hoverProvider?: boolean } };
  initialized(nothing: object): void;
  'textDocument/didOpen'(opened: {
    textDocument: { uri: string; languageId: string; version: number; text: string };
  }): void;
  'textDocument/completion'(at: At): { items: { label: string }[] };
  'textDocument/hover'(at: At): { contents: unknown } | null;
  shutdown(): null;
  exit(): void;
}
// #endregion

// #region editor
const { promise: diagnosed, resolve: diagnose } = Promise.withResolvers<Diagnostics>();
const editor = {
  'textDocument/publishDiagnostics': (told: Diagnostics) => diagnose(told),
  'window/logMessage': ({ message }: { message: string }) => console.error(message),
  'workspace/configuration': ({ items }: { items: unknown[] }) => items.map(() => null),
  'client/registerCapability': (_registrations: object) => null,
};
// #endregion

// #region start
const child = spawn('vscode-css-language-server', ['--stdio'], { channel: 'stdio' });
const server = await connect<LanguageServer>(child, {
  dialect: 'json-headers',
  params: 'named',
  serve: editor,
});
const { capabilities } = await server.call.initialize({
  processId: process.pid,
  rootUri: null,
  capabilities: {},
});
await server.notify.initialized({});
assert.equal(capabilities.hoverProvider, true);
// #endregion

// #region open
const uri = 'untitled:page.css';
const text = 'h1 { color: red; font-w }\n';
await server.notify['textDocument/didOpen']({
  textDocument: { uri, languageId: 'css', version: 1, text },
});
const { diagnostics } = await diagnosed;
assert.match(diagnostics[0]?.message ?? '', /colon expected/);

const at = (word: string): At => ({
  textDocument: { uri },
  position: { line: 0, character: text.indexOf(word) + word.length },
});
const { items } = await server.call['textDocument/completion'](at('font-w'));
assert.ok(items.some(({ label }) => label === 'font-weight'));
const hover = await server.with({ timeoutMs: 5000 }).call['textDocument/hover'](at('colo'));
assert.match(JSON.stringify(hover?.contents), /color/i);
// #endregion

// #region end
await server.call.shutdown();
await server.notify.exit();
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
// #endregion
await server.close();
