// The one table of who may import whom (layers.json). The layering check takes its rules from
// it and ARCHITECTURE.md its picture, so that the two cannot part.
import table from './layers.json' with { type: 'json' };

export interface Room {
  /** The folder src/ROOM. */
  readonly room: string;
  /** Rooms of one level are strangers unless `imports` says otherwise. */
  readonly level: number;
  /** The rooms it may import from, nearest first; type imports count. */
  readonly imports: readonly string[];
  /** Whether it may use Node.js; a room that may not runs in a browser page as it is. */
  readonly node: boolean;
  /** One line for ARCHITECTURE.md. */
  readonly holds: string;
}

export const rooms: readonly Room[] = table.rooms;
