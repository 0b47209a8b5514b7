/** Calls back to its caller. A function of the other process answers with a promise. */
type Progress = (percent: number) => unknown;

// #region render
export async function render(pages: string[], onProgress: Progress): Promise<string> {
  const done: string[] = [];
  for (const page of pages) {
    done.push(page.toUpperCase());
    await onProgress((done.length / pages.length) * 100);
  }
  return done.join('\n');
}
// #endregion

let kept: (() => unknown) | undefined;

export function keep(callback: () => unknown): void {
  kept = callback;
}

export const useKept = async (): Promise<unknown> => kept?.();
