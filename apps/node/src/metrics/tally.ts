/**
 * Histograms for the way of every request: adding to one is a search in a short list and two sums.
 * The library's own hashes labels with every observation, which costs as much as a tenth of a
 * request; here labels are bound once.
 */
import { Histogram, type HistogramConfiguration } from "prom-client";

/** What was observed under one set of labels. */
export class Tally {
  readonly #bounds: readonly number[];
  /** One more than bounds: the last is of what is above them all. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds - ascending; what equals one counts below it */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let slot = 0;
    while (slot < bounds.length && value > bounds[slot]!) slot += 1;
    this.#counts[slot]! += 1;
    this.#sum += value;
  }

  /** Cumulative counts by upper bound, then all together and their sum. */
  lines(): { readonly buckets: readonly (readonly [string, number])[]; readonly sum: number } {
    let total = 0;
    const buckets = this.#counts.map((count, slot): readonly [string, number] => {
      total += count;
      return [slot < this.#bounds.length ? String(this.#bounds[slot]) : "+Inf", total];
    });
    return { buckets, sum: this.#sum };
  }
}

type Labels = Readonly<Record<string, string>>;

interface Bound {
  readonly labels: Labels;
  readonly tally: Tally;
}

interface ExportedLine {
  readonly metricName: string;
  readonly labels: Labels;
  readonly sharedLabels: Labels;
  readonly value: number;
}

interface Exported {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly ExportedLine[];
}

/** A histogram of the registry that is made of {@link Tally}s. */
export class TallyHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #bound: Bound[] = [];

  constructor(
    configuration: HistogramConfiguration<string> & { readonly buckets: readonly number[] },
  ) {
    super(configuration);
    this.#name = configuration.name;
    this.#help = configuration.help;
    this.#bounds = configuration.buckets;
    // One without labels is told of before its first observation.
    if ((configuration.labelNames ?? []).length === 0) this.bind({});
  }

  /** The same tally for the same labels. */
  bind(labels: Labels): Tally {
    const key = JSON.stringify(labels);
    const known = this.#bound.find((other) => JSON.stringify(other.labels) === key);
    if (known !== undefined) return known.tally;
    const tally = new Tally(this.#bounds);
    this.#bound.push({ labels, tally });
    return tally;
  }

  /**
   * What the library asks a histogram for when it writes text, and what its `get` is made of; its
   * types do not say so.
   */
  getForPromString(): Promise<Exported> {
    const values = this.#bound.flatMap(({ labels: sharedLabels, tally }) => {
      const { buckets, sum } = tally.lines();
      const line = (part: string, labels: Labels, value: number): ExportedLine => {
        return { metricName: `${this.#name}_${part}`, labels, sharedLabels, value };
      };
      const count = buckets.at(-1)![1];
      return [
        ...buckets.map(([le, value]) => line("bucket", { le }, value)),
        line("sum", {}, sum),
        line("count", {}, count),
      ];
    });
    const aggregator = "sum";
    const exported = { name: this.#name, help: this.#help, type: "histogram", aggregator, values };
    return Promise.resolve(exported);
  }
}
