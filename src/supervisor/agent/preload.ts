/**
 * The agent: loaded into a Node.js service before its own program (`--require`). It says how the event loop fares, gives
 * declared listeners to servers that know nothing of them, and closes these in good order.
 *
 * It leaves no trace: neither the variables nor the flag are handed on to what the service starts. It keeps nothing alive,
 * and does nothing in threads of the service, which are loaded with the flags of their process.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { agentVariable, readOrders, wordsVariable } from './agent-orders.ts';
import { closeInOrder } from './close-in-order.ts';
import { giveDeclared } from './declared-listeners.ts';
import { startPulse } from './pulse.ts';
import { sayReadyWhenTaken } from './ready-by-listening.ts';
import { takeRouted } from './routed-listeners.ts';
import { openWords } from './words-line.ts';

const flag = process.execArgv.indexOf(`--require=${fileURLToPath(import.meta.url)}`);
if (flag >= 0) process.execArgv.splice(flag, 1);
if (isMainThread) begin();

function begin(): void {
  const { [agentVariable]: told, [wordsVariable]: line } = process.env;
  delete process.env[agentVariable];
  delete process.env[wordsVariable];
  const orders = readOrders(told);
  if (orders === undefined) return;
  const words = openWords(line);
  if (words !== undefined) startPulse(words, orders);
  const { listeners, routed = [] } = orders;
  giveDeclared([...listeners, ...routed]);
  const taken =
    orders.readyByListening === true ? sayReadyWhenTaken(listeners.length, routed.length) : () => {};
  if (routed.length > 0) takeRouted(routed, taken);
  closeInOrder(orders.drainMs);
}
