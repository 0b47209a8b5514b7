// One of many: says that it runs, and does nothing.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

writeFileSync(join(process.env.STARTED_DIR, String(process.pid)), '');
setInterval(() => {}, 1 << 30);
