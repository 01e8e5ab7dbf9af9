import { drawFrom, pick } from "../test-support/random.ts";
import { born, Library, member, nodeId, writerId } from "../test-support/writing.ts";
import type { Control, Member, NamedAddress } from "../types.ts";
import { applyRecord, checkRecord } from "./applying.ts";
import { InvariantError, MalformedError } from "./errors.ts";
import { joinMember, joinNamed } from "./membership.ts";
import { emptyReplica, headOf, vectorHash, vectorOf } from "./replica.ts";

const by = { writer: writerId("a"), position: 1 };

function said(status: Member["status"], version: number, address: string = "h:1"): Member {
  return { id: nodeId("a"), address, label: "one", status, version };
}

describe("what is said of a member", () => {
  it.each([
    { one: said("up", 1), other: said("joining", 1), because: "same version, further on" },
    { one: said("joining", 2), other: said("up", 1), because: "a later version" },
    { one: said("leaving", 1), other: said("up", 9), because: "it leaves" },
    { one: said("removed", 1), other: said("leaving", 9), because: "it is removed, for good" },
    { one: said("up", 2, "h:2"), other: said("up", 1, "h:1"), because: "it has moved" },
  ])("is $one.status $one.version and not $other.status $other.version: $because", (row) => {
    for (const order of [
      [row.one, row.other],
      [row.other, row.one],
    ]) {
      const r = emptyReplica();
      for (const word of order) joinMember(r, word, by);
      expect(r.members.get(nodeId("a"))).toMatchObject(row.one);
    }
  });
  it("comes to the same in every order, and twice is no harm", () => {
    const draw = drawFrom(1);
    const statuses = ["joining", "up", "leaving", "removed"] as const;
    for (let round = 0; round < 300; round += 1) {
      const words = Array.from({ length: 4 }, () => ({
        member: said(pick(draw, statuses), draw(3), pick(draw, ["h:1", "h:2"])),
        by: { writer: writerId(pick(draw, ["a", "b"])), position: draw(3) + 1 },
      }));
      const [one, other] = [emptyReplica(), emptyReplica()];
      for (const word of [...words, ...words]) joinMember(one, word.member, word.by);
      for (const word of words.toReversed()) joinMember(other, word.member, word.by);
      expect(other.members).toEqual(one.members);
    }
  });
  it("is told to the caller when it changes something", () => {
    const library = new Library();
    const r = emptyReplica();
    const changes = [member("a"), member("a"), member("a", "up", 2)].map((control, at) => {
      const controls: Control[] = at === 0 ? [born("a"), control] : [control];
      return library.write(r, writerId("a"), { controls }).membersChanged;
    });
    expect(changes).toEqual([true, false, true]);
  });
});

describe("a named address", () => {
  function named(version: number, wanted: boolean): NamedAddress {
    return { address: "h:1", version, wanted };
  }
  it.each([
    { one: named(2, true), other: named(1, false), because: "later" },
    { one: named(1, false), other: named(1, true), because: "not wanted wins" },
  ])("is wanted: $one.wanted at version $one.version: $because", ({ one, other }) => {
    for (const order of [
      [one, other],
      [other, one],
    ]) {
      const r = emptyReplica();
      for (const word of order) joinNamed(r, word);
      expect(r.named.get("h:1")).toEqual(one);
    }
  });
});

describe("seals", () => {
  it("wait for the writer that they are about, and the largest counts", () => {
    const library = new Library();
    const [source, target] = [emptyReplica(), emptyReplica()];
    const [first, second] = [writerId("a"), writerId("b")];
    library.write(source, first, { controls: [born("a", 1)] });
    library.write(source, first, {});
    const seals = [2, 1].map((position): Control => ({ kind: "seal", writer: first, position }));
    library.write(source, second, { controls: [born("a", 2), ...seals] });
    for (const writer of [second, first]) library.apply(target, writer);
    for (const r of [source, target]) {
      expect(r.writers.get(first)).toMatchObject({
        sealedAt: 2,
        sealedBy: { writer: second, position: 1 },
      });
      expect(r.earlySeals.size).toBe(0);
    }
  });
});

describe("the first record of a writer, and no other, says whose it is", () => {
  const empty = { hlc: 1, controls: [], plain: [], keyed: [] };
  it.each([
    { position: 1, controls: [], because: "it does not" },
    { position: 1, controls: [born("a"), born("a")], because: "it does twice" },
    { position: 2, controls: [born("a")], because: "a later one does" },
  ])("$because", ({ position, controls }) => {
    expect(() => checkRecord(position, { ...empty, controls })).toThrow(MalformedError);
  });
  it("and nothing changes when it does not", () => {
    const r = emptyReplica();
    const at = { ...by, hash: 1 };
    expect(() => applyRecord(r, at, empty)).toThrow(MalformedError);
    expect(r.writers.size).toBe(0);
  });
  it("and the next record is the next one", () => {
    const at = { writer: by.writer, position: 2, hash: 1 };
    expect(() => applyRecord(emptyReplica(), at, empty)).toThrow(InvariantError);
  });
});

describe("the vector", () => {
  it("has a hash that depends on writers, positions and records, and not on their order", () => {
    const library = new Library();
    const [one, other] = [emptyReplica(), emptyReplica()];
    expect([headOf(one, by.writer).position, vectorHash(one)]).toEqual([0, 0]);
    for (const digit of ["a", "b"])
      library.write(one, writerId(digit), { controls: [born(digit)] });
    library.apply(other, writerId("b"));
    expect(vectorHash(other)).not.toBe(vectorHash(one));
    library.apply(other, writerId("a"));
    expect(vectorHash(other)).toBe(vectorHash(one));
    expect(vectorOf(other)).toEqual(vectorOf(one));
    library.write(one, writerId("a"), {});
    expect(vectorHash(other)).not.toBe(vectorHash(one));
  });
});
