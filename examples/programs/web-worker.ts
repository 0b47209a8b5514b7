/** A worker behind a router: an ordinary HTTP server that serves the connections that it is given. */
import { createServer } from 'node:http';
import { acceptInto, takeHandles } from 'kindred/handles';

// #region worker
const [name] = process.argv.slice(2);
const server = createServer((_request, response) => response.end(`served by ${name}`));
takeHandles(process, acceptInto(server));
// #endregion
process.once('disconnect', () => server.closeAllConnections());
