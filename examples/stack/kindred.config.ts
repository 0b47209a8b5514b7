import { defineStack } from 'kindred/supervisor';

export default defineStack({
  name: 'shop',
  listeners: { web: 'tcp://127.0.0.1:0', prices: 'local:shop-prices' },
  services: {
    // A module, served to whoever calls it at its listener.
    prices: { host: './prices.ts', listen: ['prices'], ready: 'call' },
    // An unmodified server of Node.js, in two processes that accept from one socket.
    web: {
      fork: './web.ts',
      instances: 2,
      listen: ['web'],
      needs: ['prices'],
      ready: { output: 'the shop is open' },
      reload: { healthyMs: 100 },
      env: { GREETING: 'Welcome' },
    },
  },
});
