// What a config may name: what there is. Compiled, never run.
import { leastConnections } from 'kindred/handles';
import { defineStack, type Stack } from 'kindred/supervisor';

const stack: Stack = defineStack({
  name: 'shop',
  listeners: { web: 'tcp://127.0.0.1:8080', admin: { address: 'unix:/run/admin.sock', mode: 0o660 } },
  groups: {
    front: { members: ['web', 'back'], strategy: 'rest-for-one' },
    back: { members: ['db', 'migrate'] },
  },
  services: {
    db: { run: ['postgres', '-D', 'data'], ready: { tcp: 5432 }, health: { tcp: 5432 } },
    migrate: { fork: './migrate.ts', needs: ['db'], restart: 'transient' },
    web: {
      fork: new URL('./web.ts', import.meta.url),
      instances: 'cpus',
      needs: { db: 'healthy', migrate: 'ended' },
      listen: ['admin'],
      schedule: { nextRun: (after) => new Date(after.getTime() + 1000) },
      env: { PORT: 8080, DEBUG: undefined },
    },
  },
  routes: { web: { to: 'web', pick: leastConnections() } },
});

// Without any of the names that others could refer to.
defineStack({ services: { web: { run: ['node', 'web.js'] } } });

// @ts-expect-error: there are no services
defineStack({ listeners: { web: 'tcp://127.0.0.1:8080' } });

// @ts-expect-error: no such listener
defineStack({ listeners: { web: 'local:web' }, services: { web: { fork: './web.ts', listen: ['wbe'] } } });

// @ts-expect-error: there are no listeners at all
defineStack({ services: { web: { fork: './web.ts', listen: ['web'] } } });

// @ts-expect-error: no such service
defineStack({ services: { db: { run: ['db'] }, web: { fork: './web.ts', needs: ['bd'] } } });

// @ts-expect-error: no such service
defineStack({ services: { db: { run: ['db'] }, web: { fork: './web.ts', needs: { bd: 'ready' } } } });

// @ts-expect-error: no such state
defineStack({ services: { db: { run: ['db'] }, web: { fork: './web.ts', needs: { db: 'redy' } } } });

// @ts-expect-error: no such member
defineStack({ groups: { all: { members: ['wbe'] } }, services: { web: { fork: './web.ts' } } });

defineStack({
  listeners: { web: 'local:web' },
  services: { web: { fork: './web.ts' } },
  // @ts-expect-error: no such service
  routes: { web: { to: 'wbe' } },
});

// @ts-expect-error: no such option
defineStack({ services: { web: { fork: './web.ts', instance: 2 } } });

// @ts-expect-error: a program needs a name
defineStack({ services: { web: { run: [] } } });

export { stack };
