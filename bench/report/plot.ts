/** A line chart as SVG: several series over one x axis, either axis linear or logarithmic. */

export interface Series {
  label: string;
  points: readonly { x: number; y: number }[];
}

export interface Chart {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
}

export interface Axis {
  label: string;
  log?: boolean;
  /** The marks. Default: 1, 2 and 5 times the powers of ten. */
  ticks?: readonly number[];
  say?: (value: number) => string;
}

const width = 860;
const height = 420;
const plot = { left: 76, right: 620, top: 44, bottom: 364 };
/** Okabe and Ito's colours, which everybody can tell apart; the shape of the mark tells them apart in black and white. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

export function lineChart({ title, x, y, series }: Chart): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  const all = drawn.flatMap(({ points }) => points);
  const across = createScale(
    x,
    all.map((point) => point.x),
    plot.left,
    plot.right,
  );
  const up = createScale(
    y,
    all.map((point) => point.y),
    plot.bottom,
    plot.top,
  );
  const grid = [
    ...across.ticks.map((value) => {
      const at = round(across.place(value));
      return `<path class="grid" d="M${at} ${plot.top}V${plot.bottom}"/>${text(at, plot.bottom + 18, 'middle', across.say(value))}`;
    }),
    ...up.ticks.map((value) => {
      const at = round(up.place(value));
      return `<path class="grid" d="M${plot.left} ${at}H${plot.right}"/>${text(plot.left - 8, at + 4, 'end', up.say(value))}`;
    }),
  ];
  // The legend has the order in which the lines end.
  const ordered = [...drawn].sort((a, b) => (b.points.at(-1)?.y ?? 0) - (a.points.at(-1)?.y ?? 0));
  const lines = ordered.map(({ label, points }, i) => {
    const own = drawn.findIndex((one) => one.label === label);
    const colour = colours[own % colours.length] as string;
    const places = points.map((point) => [round(across.place(point.x)), round(up.place(point.y))] as const);
    const at = plot.top + 10 + i * 22;
    return [
      `<path fill="none" stroke="${colour}" stroke-width="2" d="M${places.map((place) => place.join(' ')).join('L')}"/>`,
      ...places.map(([left, top]) => mark(left, top, own, colour)),
      `<path stroke="${colour}" stroke-width="2" d="M${plot.right + 16} ${at}h18"/>${mark(plot.right + 25, at, own, colour)}`,
      text(plot.right + 42, at + 4, 'start', label),
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<style>.grid{stroke:#ddd;fill:none}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${plot.left}" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...grid,
    text((plot.left + plot.right) / 2, height - 14, 'middle', x.label),
    `<text transform="translate(16 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function createScale({ log = false, ticks, say }: Axis, values: readonly number[], from: number, to: number) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const marks = ticks ?? (log ? logarithmicTicks(least, most) : linearTicks(most));
  const low = Math.min(marks[0] ?? 0, least);
  const high = Math.max(marks.at(-1) ?? 1, most);
  const bend = log ? Math.log10 : (value: number): number => value;
  return {
    ticks: marks,
    place: (value: number) =>
      from + ((bend(value) - bend(low)) / (bend(high) - bend(low) || 1)) * (to - from),
    say: say ?? shortly,
  };
}

/** From 0 to the first mark above the largest value, four to eight marks. */
export function linearTicks(most: number): number[] {
  const rough = most / 6;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

/** From the mark below the smallest value to the one above the largest: 1, 2, 5, 10, or only powers of ten where they are many. */
export function logarithmicTicks(least: number, most: number): number[] {
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most));
  const factors = last - first > 3 ? [1] : [1, 2, 5];
  const marks: number[] = [];
  for (let power = first; power <= last; power++)
    for (const factor of factors) marks.push(factor * 10 ** power);
  const begin = marks.findLastIndex((value) => value <= least * 1.0001);
  const end = marks.findIndex((value) => value >= most * 0.9999);
  return marks.slice(Math.max(begin, 0), end === -1 ? undefined : end + 1);
}

function shortly(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(Number(value.toPrecision(3)));
}

function mark(x: number, y: number, i: number, colour: string): string {
  const shapes = [
    `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`,
    `<rect x="${x - 4}" y="${y - 4}" width="8" height="8" fill="${colour}"/>`,
    `<path d="M${x} ${y - 5}l5 9h-10z" fill="${colour}"/>`,
    `<path d="M${x} ${y - 5}l5 5l-5 5l-5 -5z" fill="${colour}"/>`,
  ];
  return shapes[i % shapes.length] as string;
}

function text(x: number, y: number, anchor: string, content: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
