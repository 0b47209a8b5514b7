/** The program of a daemon: says when it is ready, and puts its things away when it is told to end. */
import { onShutdown, ready } from 'kindred/process';

const ticking = setInterval(() => {}, 1000);
onShutdown(() => {
  clearInterval(ticking);
  console.log('the clock stops');
});
console.log('the clock runs');
ready();
