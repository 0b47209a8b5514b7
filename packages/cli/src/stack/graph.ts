/** Figures over time, drawn with blocks: the newest stands at the right. */

const blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const steps = blocks.length - 1;

/**
 * So many lines, the upper one first, each as wide as `width`. `top` is what fills the whole height; a figure above 0 is
 * never drawn as nothing, and one that is not known (undefined) is.
 */
export function graphLines(
  figures: readonly (number | undefined)[],
  { width, height = 1, top }: { width: number; height?: number | undefined; top: number },
): string[] {
  const shown = figures.slice(-width);
  const heights = shown.map((figure) => {
    if (figure === undefined || figure <= 0 || !(top > 0)) return 0;
    return Math.max(1, Math.min(height * steps, Math.round((figure / top) * height * steps)));
  });
  return Array.from({ length: height }, (_, i) => {
    const below = (height - 1 - i) * steps;
    const line = heights.map((high) => blocks[Math.max(0, Math.min(steps, high - below))]).join('');
    return line.padStart(width);
  });
}

/** The largest of them, and at least `least`. */
export function peakOf(figures: readonly (number | undefined)[], least: number): number {
  return figures.reduce<number>((peak, figure) => Math.max(peak, figure ?? 0), least);
}
