/**
 * The process of a router: `router-main ORDERS`, as JSON. It accepts from one listener of a stack, and gives each connection
 * to a process of the service that it is for, as the rule of the config says. The keeper starts it, tells it the processes,
 * and passes on what it says to them.
 *
 * ```
 *   loading --it listens--> routing --close--> finishing --nothing waits, 30 s--> (exit 0)
 *                           routing --SIGTERM, the keeper has gone--------------> (exit 0), and what waits is reset
 * ```
 */
import { createServer } from 'node:net';
import { systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import { type Router, route } from '../../handles/route.ts';
import { type ProcessWorker, routeWorker } from '../../handles/route-worker.ts';
import type { Rule } from '../../handles/rules.ts';
import { ready } from '../../process/ready.ts';
import { importAnew } from '../stack/import-anew.ts';
import { type Line, openLine } from './line.ts';
import { openRouteWords, type RouteTarget, routeWords } from './route-words.ts';
import { listenerFd, type RouterOrders, routePurpose } from './router-plan.ts';

/** How long a connection waits for a process that takes it, before it is reset. */
const waitMs = 30_000;
const lookMs = 20;

async function main({ listener, config }: RouterOrders): Promise<void> {
  const crew = new Map<string, { line: Line; worker: ProcessWorker }>();
  let targets: readonly RouteTarget[] = [];
  const server = createServer({ pauseOnConnect: true });
  let router: Router | undefined;

  function meet({ id, name }: RouteTarget): void {
    if (crew.has(id)) return;
    const line = openLine((said, handle, written) => {
      const words = routeWords({ say: 'line', line: id, said });
      if (handle === undefined) process.send?.(words, written);
      else process.send?.(words, handle, { keepOpen: true }, written);
    });
    crew.set(id, { line, worker: routeWorker(line.end, { name, purpose: routePurpose }) });
  }

  async function finish(): Promise<void> {
    server.close();
    const until = systemClock.now() + waitMs;
    while (router !== undefined && router.counts.waiting > 0 && systemClock.now() < until)
      await pause(lookMs, systemClock);
    await end();
  }

  async function end(): Promise<never> {
    await router?.close();
    process.exit(0);
  }

  process.on('message', (message) => {
    const says = openRouteWords(message);
    switch (says?.say) {
      case 'targets':
        for (const target of says.targets) meet(target);
        targets = says.targets;
        return router?.look();
      case 'line':
        return crew.get(says.line)?.line.hear(says.said, undefined);
      case 'ended':
        return crew.get(says.line)?.line.ended();
      case 'cut':
        crew.get(says.line)?.line.cut();
        crew.delete(says.line);
        return;
      case 'ping':
        return void process.send?.(routeWords({ say: 'pong' }), () => {});
      case 'close':
        return void finish();
      default:
    }
  });
  process.on('SIGTERM', () => void end());
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.once('disconnect', () => process.exit(0));
  const pick = config === undefined ? undefined : await ruleOf(config, listener);
  const to = (): ProcessWorker[] => targets.flatMap(({ id }) => crew.get(id)?.worker ?? []);
  router = route(server, { to, pick, waitMs });
  server.listen({ fd: listenerFd }, ready);
}

/** A config that cannot be loaded now must not close the door: then it is the rule of those that say none. */
async function ruleOf(config: string, listener: string): Promise<Rule | undefined> {
  try {
    const { default: stack } = (await importAnew(config)) as {
      default?: { routes?: Record<string, { pick?: Rule } | undefined> };
    };
    return stack?.routes?.[listener]?.pick;
  } catch (error) {
    process.stderr.write(
      `kindred router of ${listener}: ${config} could not be loaded, connections go to whoever has the fewest: ${error}\n`,
    );
    return undefined;
  }
}

for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

void main(JSON.parse(process.argv[2] ?? '{}') as RouterOrders);
