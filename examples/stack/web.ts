/** A service of the stack: it asks another one, and knows nothing of who keeps it running. */
import { createServer } from 'node:http';
import { connect } from 'kindred';
import { inherited } from 'kindred/handles';
import { ready } from 'kindred/process';

const prices = await connect<typeof import('./prices.ts')>('local:shop-prices');

// #region server
const server = createServer(async (request, response) => {
  if (request.url === '/crash') process.exit(1);
  const fruit = (request.url ?? '/').slice(1);
  response.end(`${process.env['GREETING']}! A ${fruit} is ${await prices.call.priceOf(fruit)}.`);
});
inherited('web', server).once('listening', () => ready());
// #endregion
