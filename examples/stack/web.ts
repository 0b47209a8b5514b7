/** A service of the stack: it asks another one, and knows nothing of who keeps it running. */
import { createServer } from 'node:http';
import { connect } from 'kindred';

const prices = await connect<typeof import('./prices.ts')>('local:shop-prices');

const server = createServer(async (request, response) => {
  if (request.url === '/crash') process.exit(1);
  const fruit = (request.url ?? '/').slice(1);
  const price = await prices.call.priceOf(fruit);
  response.end(`${process.env['GREETING']}! A ${fruit} is ${price}. (${process.pid})`);
});
// The declared listener, although it names a port: it is the socket that all instances share.
server.listen(8080, () => console.log('the shop is open'));
