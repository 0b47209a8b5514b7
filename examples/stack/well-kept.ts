/** What a service of a stack can say; checked by examples/stay-up.ts. */
import { byFirstBytes } from 'kindred/handles';
import { defineStack } from 'kindred/supervisor';

export const wellKept = defineStack({
  listeners: { api: 'tcp://127.0.0.1:0', shop: 'tcp://127.0.0.1:0' },
  services: {
    // #region service
    api: {
      fork: './web.ts',
      instances: 'cpus',
      listen: ['api'],
      env: { LOG_LEVEL: 'info', NODE_OPTIONS: undefined },
      ready: { output: /^listening/, timeoutMs: 5000 },
      health: { http: 'http://127.0.0.1:8080/health', everyMs: 5000, failures: 2 },
      restart: { policy: 'permanent', intensity: { restarts: 10, withinMs: 60_000 } },
      stop: { signal: 'SIGINT', graceMs: 30_000, drainMs: 1000 },
      memory: '512MB',
      logs: { maxBytes: 1_000_000, files: 10, format: 'json' },
      watch: ['.'],
    },
    // #endregion
    shop: { fork: './web.ts', instances: 2 },
  },
  // #region routes
  routes: {
    // The same user gets to the same instance.
    shop: { to: 'shop', pick: byFirstBytes({ key: (bytes) => /user=(\w+)/.exec(String(bytes))?.[1] }) },
  },
  // #endregion
});
