/** Starts a child that is too busy to hear anything, and one that is to live on; prints their pids. */
import { spawn } from 'kindred/process';

// #region start
const busy = spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' });
const heir = spawn('sleep', ['1000'], { stdio: 'ignore', onParentDeath: 'survive' });
// #endregion
console.log(JSON.stringify([busy.pid, heir.pid]));
