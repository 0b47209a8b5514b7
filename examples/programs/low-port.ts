/** Opens port 80, gives up the rights of root, and serves one request. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dropPrivileges } from 'kindred/process';

const [secret = ''] = process.argv.slice(2);

// #region drop
const server = createServer((_request, response) => response.end(tell()));
server.listen(80, '127.0.0.1', async () => {
  dropPrivileges({ user: 'nobody' });
  // From here on nothing runs as root any more.
  const response = await fetch('http://127.0.0.1:80', { headers: { connection: 'close' } });
  process.stdout.write(await response.text());
  server.close();
});
// #endregion

function tell(): string {
  try {
    return readFileSync(secret, 'utf8');
  } catch (error) {
    return `served as user ${process.getuid?.()}; secret: ${(error as NodeJS.ErrnoException).code}\n`;
  }
}
