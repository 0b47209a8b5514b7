/** Two things to put away: the last one that was registered is the first that is done. */
import { onShutdown } from 'kindred/process';

// #region register
const door = setInterval(() => {}, 1000);
onShutdown(() => {
  clearInterval(door);
  console.log('door locked');
});
onShutdown(async () => console.log('till counted'), { timeoutMs: 1000 });
// #endregion
console.log('open');
