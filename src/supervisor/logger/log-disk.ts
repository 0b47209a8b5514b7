/** The file system as the logger uses it, so that a test can fill it, slow it down and take it away. */
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';

export interface LogDisk {
  /** With all above it; nothing where it is there. */
  makeDirectory(path: string): Promise<void>;
  /** To be appended to; made, for its owner alone, where it is missing. */
  open(path: string): Promise<LogDiskFile>;
  /** Which file is there now; undefined: none. */
  identify(path: string): Promise<FileState | undefined>;
  rename(from: string, to: string): Promise<void>;
  /** Nothing where it is not there. */
  remove(path: string): Promise<void>;
}

export interface FileState {
  /** Tells it from every other file that is there at the same time. */
  file: string;
  sizeBytes: number;
}

export interface LogDiskFile {
  state(): Promise<FileState>;
  /** Its last byte; undefined: it is empty. */
  lastByte(): Promise<number | undefined>;
  /** Writes from the offset on, and says how many bytes it has written: one at least. */
  append(bytes: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

export const systemLogDisk: LogDisk = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async open(path) {
    const handle = await open(path, 'a+', 0o600);
    return {
      state: async () => fileState(await handle.stat({ bigint: true })),
      async lastByte() {
        const { size } = await handle.stat();
        if (size === 0) return undefined;
        const { bytesRead, buffer } = await handle.read(new Uint8Array(1), 0, 1, size - 1);
        return bytesRead === 0 ? undefined : buffer[0];
      },
      append: async (bytes, offset) => (await handle.write(bytes, offset)).bytesWritten,
      close: () => handle.close(),
    };
  },
  async identify(path) {
    try {
      return fileState(await stat(path, { bigint: true }));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
};

/** Of what `stat` says, with whole numbers: inodes may need more than 53 bits. */
export function fileState({ dev, ino, size }: { dev: bigint; ino: bigint; size: bigint }): FileState {
  return { file: `${dev}:${ino}`, sizeBytes: Number(size) };
}
