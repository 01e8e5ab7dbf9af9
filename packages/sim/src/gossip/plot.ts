/** How soon a crash is found, and how soon news is everywhere, by the size of the cluster, as SVG. */

/** Of one size of cluster; seconds, each the middle of several. */
export interface PlotPoint {
  readonly members: number;
  /** From the crash to the first `failed`, and to the last. */
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** From a change of metadata to the last `update`. */
  readonly spreadSeconds: number;
}

interface Line {
  readonly name: string;
  readonly color: string;
  readonly of: (point: PlotPoint) => number;
}

interface Panel {
  readonly title: string;
  readonly top: number;
  readonly lines: readonly Line[];
}

const width = 640;
const panelHeight = 200;
const left = 56;
const right = 150;
const top = 40;
const gap = 70;

const panels: readonly Panel[] = [
  {
    title: "a crash is found, in seconds",
    top,
    lines: [
      { name: "by the first", color: "#1b6ca8", of: ({ firstSeconds }) => firstSeconds },
      { name: "by everybody", color: "#c0392b", of: ({ lastSeconds }) => lastSeconds },
    ],
  },
  {
    title: "metadata is everywhere, in seconds",
    top: top + panelHeight + gap,
    lines: [{ name: "with everybody", color: "#2d7d46", of: ({ spreadSeconds }) => spreadSeconds }],
  },
];

/** A round number of steps up to at least `most`. */
export function stepsTo(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough)!;
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toFixed(6)));
}

function text(at: { x: number; y: number }, words: string, rest: string = ""): string {
  return `<text x="${at.x.toFixed(1)}" y="${at.y.toFixed(1)}"${rest}>${words}</text>`;
}

function panelOf({ title, top: y0, lines }: Panel, points: readonly PlotPoint[]): string[] {
  const sizes = points.map(({ members }) => Math.log10(members));
  const [low, high] = [Math.min(...sizes), Math.max(...sizes)];
  const steps = stepsTo(Math.max(...lines.flatMap(({ of }) => points.map(of))));
  const most = steps.at(-1)!;
  const plotWidth = width - left - right;
  const bottom = y0 + panelHeight;
  const x = (members: number): number =>
    left + ((Math.log10(members) - low) / (high - low)) * plotWidth;
  const y = (seconds: number): number => bottom - (seconds / most) * panelHeight;
  const svg = [text({ x: left, y: y0 - 14 }, title, ' font-weight="bold"')];
  for (const step of steps) {
    const at = y(step).toFixed(1);
    svg.push(`<path d="M${left} ${at}H${left + plotWidth}" stroke="#ddd"/>`);
    svg.push(text({ x: left - 8, y: y(step) + 4 }, `${step}`, ' text-anchor="end"'));
  }
  for (const { members } of points) {
    svg.push(text({ x: x(members), y: bottom + 18 }, `${members}`, ' text-anchor="middle"'));
  }
  for (const { name, color, of } of lines) {
    const dots = points.map((point) => `${x(point.members).toFixed(1)},${y(of(point)).toFixed(1)}`);
    svg.push(
      `<polyline points="${dots.join(" ")}" fill="none" stroke="${color}" stroke-width="2"/>`,
    );
    for (const dot of dots) {
      const [cx, cy] = dot.split(",");
      svg.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`);
    }
    const last = points.at(-1)!;
    const below = lines.length > 1 && name === lines[0]!.name ? 14 : -2;
    svg.push(text({ x: x(last.members) + 10, y: y(of(last)) + below }, name, ` fill="${color}"`));
  }
  return svg;
}

/** @param points - two sizes at least, in order */
export function plotOf(points: readonly PlotPoint[]): string {
  const height = top + 2 * panelHeight + gap + 50;
  const foot = { x: left, y: height - 10 };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"` +
      ' font-family="sans-serif" font-size="12" fill="#333">',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels.flatMap((panel) => panelOf(panel, points)),
    text(foot, "members of the cluster; the real core in the simulator, no loss, the median"),
    "</svg>",
    "",
  ].join("\n");
}
