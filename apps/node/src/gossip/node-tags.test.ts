import { encodeTags } from "@counter/gossip";

import { tagsOf } from "../test-support/gossip.ts";
import { decodeNodeTags, encodeNodeTags, type NodeTags } from "./node-tags.ts";

const read = (tags: Readonly<Record<string, string>>): NodeTags | null =>
  decodeNodeTags(new Map(Object.entries(tags)));
const good = encodeNodeTags(tagsOf());

describe("tags of a node", () => {
  it.each([
    { what: "a voter", tags: tagsOf() },
    {
      what: "a candidate",
      tags: tagsOf({ id: null, cluster: null, expect: 15, state: "candidate", name: "shop" }),
    },
    { what: "a node of eventual mode", tags: tagsOf({ mode: "eventual", state: "up" }) },
    { what: "a node with IPv6", tags: tagsOf({ http: "[::1]:8080" }) },
  ])("are read as they were written: $what", ({ tags }) => {
    expect(read(encodeNodeTags(tags))).toEqual(tags);
  });

  it("fit with the longest settings there are", () => {
    const http = `${"h".repeat(112)}:65535`;
    const name = "n".repeat(64);
    const tags = tagsOf({
      http,
      id: `${http}~12345678`,
      cluster: `${name}~${"0".repeat(16)}`,
      name,
    });
    const encoded = encodeNodeTags({ ...tags, mode: "eventual", state: "candidate" });
    expect(Object.keys(encoded)).toHaveLength(8);
    expect(encodeTags(new Map(Object.entries(encoded))).length).toBeLessThanOrEqual(512);
  });

  it("leave out the name, and then the id, beside what others made too long", () => {
    const http = `${"h".repeat(112)}:65535`;
    const long = { http, id: `${http}~12345678`, cluster: "c".repeat(128) };
    const wanted = tagsOf({ ...long, name: "n".repeat(64) });
    expect(read(encodeNodeTags(wanted))).toEqual({ ...wanted, name: null });
  });

  it.each([
    { of: "an agent of Serf", tags: { role: "web", dc: "one" } },
    { of: "somebody without tags", tags: {} },
    { of: "another mode", tags: { ...good, mode: "paxos" } },
    { of: "no address", tags: { ...good, http: "over there" } },
    { of: "another spelling of an address", tags: { ...good, http: "LOCALHOST:8080" } },
    { of: "no directory", tags: { ...good, dir: "" } },
    { of: "an id that breaks lines", tags: { ...good, id: "a\nb" } },
    { of: "an expectation beyond 15", tags: { ...good, expect: "16" } },
    { of: "an id that is too long", tags: { ...good, id: "x".repeat(129) } },
  ])("are none of $of", ({ tags }) => {
    expect(read(tags)).toBeNull();
  });

  it("may say more than we know, as a later release does", () => {
    expect(read({ ...good, zone: "a", state: "resting" })).toEqual(tagsOf({ state: "up" }));
  });
});
