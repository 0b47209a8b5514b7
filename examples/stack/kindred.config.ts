import { defineStack } from 'kindred/supervisor';

export default defineStack({
  name: 'shop',
  listeners: { web: 'tcp://127.0.0.1:0', prices: 'local:shop-prices' },
  services: {
    // A module whose exports are served to whoever calls at its listener.
    prices: { host: './prices.ts', listen: ['prices'] },
    // A program, in two processes that accept from one socket. It is started when there are prices.
    web: {
      fork: './web.ts',
      instances: 2,
      listen: ['web'],
      needs: ['prices'],
      ready: 'call',
      reload: { healthyMs: 100 },
      env: { GREETING: 'Welcome' },
    },
  },
});
