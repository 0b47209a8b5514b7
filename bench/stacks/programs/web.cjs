// An unmodified server, as anybody would write it: the same file under each supervisor. With GRACEFUL, what PM2's
// documentation asks of a program that wants to be reloaded without lost requests.
const { createServer } = require('node:http');

const server = createServer((_request, response) => response.end(`${process.pid}\n`));
server.listen(Number(process.env.PORT), '127.0.0.1', () => process.send?.('ready'));

if (process.env.GRACEFUL) process.on('SIGINT', () => server.close(() => process.exit(0)));
