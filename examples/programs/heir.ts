/** A server on a listening socket that it was started with: by a parent, or by systemd. */
import { createServer } from 'node:http';
import { inherited } from 'kindred/handles';

// #region inherited
const server = createServer((_request, response) => response.end(`served by ${process.pid}`));
inherited('web', server);
// #endregion
