/** Tokens that are taken back while somebody holds them: what he watches ends, in both modes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { call } from "../test-support/calling.ts";
import { EventStream } from "../test-support/event-stream.ts";
import { EventualNodes } from "../test-support/eventual-nodes.ts";
import { newFolder } from "../test-support/stored-node.ts";
import { TestNodes } from "../test-support/test-node.ts";
import { newToken, type TokenEntry } from "./token-file.ts";

const raft = new TestNodes();
const eventual = new EventualNodes();
afterEach(async () => {
  await raft.end();
  await eventual.end();
});

const grant = (name: string, counters?: string[]): ReturnType<typeof newToken> =>
  newToken({ name, scopes: ["read", "write"], ...(counters === undefined ? {} : { counters }) });
const [ann, bob, cleo] = [grant("ann"), grant("bob"), grant("cleo")];
const bearer = ({ token }: { readonly token: string }): { authorization: string } => {
  return { authorization: `Bearer ${token}` };
};

describe.each([
  { mode: "raft", nodes: raft },
  { mode: "eventual", nodes: eventual },
])("in $mode mode", ({ nodes }) => {
  it("streams and waiting reads end with their token, and with what it was good for", async () => {
    const file = join(await newFolder(), "tokens.json");
    const write = (...tokens: readonly TokenEntry[]): Promise<void> =>
      writeFile(file, JSON.stringify({ tokens }), { mode: 0o600 });
    await write(ann.entry, bob.entry, cleo.entry);
    const { url, node } = await nodes.single(`--auth-file=${file}`);
    const one = `${url}/v1/counters/likes`;
    const anns = await EventStream.open(`${one}/watch`, bearer(ann));
    const bobs = await EventStream.open(`${url}/v1/watch`, bearer(bob));
    const cleos = await EventStream.open(`${one}/watch`, bearer(cleo));
    for (const stream of [anns, bobs, cleos]) {
      await stream.until("the beginning", () => stream.events.length > 0);
    }
    const since = String(anns.headers["counter-version"]);
    const poll = (who: typeof ann) =>
      call(`${one}?changedSince=${since}`, { headers: { ...bearer(who), prefer: "wait=600" } });
    const [annsPoll, cleosPoll] = [poll(ann), poll(cleo)];

    // Ann is gone, and Bob may see some counters only; Cleo stays as she was.
    await write({ ...bob.entry, counters: ["orders-*"] }, cleo.entry);
    await node.reload();
    await anns.until("the end", () => anns.ended);
    await bobs.until("the end", () => bobs.ended);
    expect(anns.comments.at(-1)).toMatch(/token is not good for this any more/);
    expect((await annsPoll).status).toBe(401);
    expect(cleos.ended).toBe(false);
    const added = await call(`${one}/increment`, { method: "POST", headers: bearer(cleo) });
    expect(added.status).toBe(200);
    await cleos.until("the addition", () => cleos.lastValue === "1");
    expect((await cleosPoll).status).toBe(200);
    expect((await EventStream.open(`${one}/watch`, bearer(ann))).status).toBe(401);
    expect((await EventStream.open(`${url}/v1/watch?prefix=orders-`, bearer(bob))).status).toBe(
      200,
    );
    cleos.close();
  });
});
