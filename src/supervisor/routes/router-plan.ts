/** How a router is started, and what it is told. */
import { existsSync } from 'node:fs';
import type { Program } from '../keeper/staff.ts';

export interface RouterOrders {
  listener: string;
  /** The path of the config that the rule is read from. Absent: the route has no rule of its own. */
  config?: string | undefined;
  /** Of the rule: with another one it is another router. */
  rule?: string | undefined;
}

/** Where the descriptor of its listener is. */
export const listenerFd = 4;
/** Of the hand-over of a routed connection. */
export const routePurpose = 'kindred.route';

export function routerProgram(orders: RouterOrders): Program {
  return { module: program().href, args: [JSON.stringify(orders)] };
}

/** Beside this file in the sources; in what is published this code may stand in any file of the folder `dist`. */
function program(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./router-main.ts', import.meta.url);
  const places = ['./', '../supervisor/', './supervisor/'];
  const urls = places.map((place) => new URL(`${place}router-main.js`, import.meta.url));
  return urls.find((url) => existsSync(url)) ?? (urls[0] as URL);
}
