/** `kindred/process`: starting and ending processes. */
export {
  type Child,
  type ChildChannel,
  type ChildOptions,
  channelVariable,
  type Exit,
  fork,
  spawn,
} from './child.ts';
