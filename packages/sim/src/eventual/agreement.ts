/** Nodes that know the same agree on everything that they could be asked (E1). */
import type { EventualStatus, VersionVector } from "@counter/eventual";
import { must } from "./sentences.ts";

/** Vectors that are remembered; the oldest go first. */
export const vectorsMax: number = 2000;

interface Seen {
  readonly by: string;
  readonly text: string;
}

export class Agreement {
  readonly #seen = new Map<string, Seen>();

  onStatus(by: string, status: EventualStatus): void {
    const vector = vectorText(status.vector);
    const text = statusText(status);
    const before = this.#seen.get(vector);
    if (before !== undefined) {
      must(before.text === text, "equal-knowledge", () => {
        return `${by} and ${before.by} know the same: ${text} and ${before.text}`;
      });
      return;
    }
    this.#seen.set(vector, { by, text });
    if (this.#seen.size > vectorsMax) this.#seen.delete(this.#seen.keys().next().value!);
  }
}

export function vectorText(vector: VersionVector): string {
  return [...vector]
    .filter(([, position]) => position > 0)
    .map(([writer, position]) => `${writer}${position}`)
    .sort()
    .join();
}

function statusText({ members, named }: EventualStatus): string {
  const people = members.map(({ id, address, status, version }) => {
    return `${id.slice(0, 4)} ${address} ${status} ${version}`;
  });
  const places = named.map(({ address, version, wanted }) => `${address} ${version} ${wanted}`);
  return `${people.sort().join(", ")}; ${places.sort().join(", ")}`;
}
