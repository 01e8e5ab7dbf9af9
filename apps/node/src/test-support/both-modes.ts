/** Single nodes of both modes, for what is the same in both. */
import { EventualNodes } from "./eventual-nodes.ts";
import { TestNodes } from "./test-node.ts";

export class BothModes {
  readonly raft = new TestNodes();
  readonly eventual = new EventualNodes();
  /** For `describe.each` and `it.each`; `start` takes flags, and gives the URL of a new node. */
  readonly modes = [
    { mode: "raft", start: async (...flags: string[]) => (await this.raft.single(...flags)).url },
    {
      mode: "eventual",
      start: async (...flags: string[]) => (await this.eventual.single(...flags)).url,
    },
  ] as const;

  async end(): Promise<void> {
    await this.raft.end();
    await this.eventual.end();
  }
}
