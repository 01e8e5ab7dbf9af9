import { Session, sessionTokensMax } from "./session.ts";
import { FaultServer } from "./test-support/fault-server.ts";
import { added, clientOf, counter, failure } from "./test-support/replies.ts";
import { mergedToken } from "./tokens.ts";

/** A token of eventual mode: of one cluster, with the positions of some writers. */
function token(cluster: number, positions: Readonly<Record<number, readonly number[]>>): string {
  const writers = Object.entries(positions).flatMap(([tag, bytes]) => {
    return [0, 0, 0, 0, 0, Number(tag), ...bytes];
  });
  return Buffer.from([1, 0, cluster, ...writers]).toString("base64url");
}

describe("tokens of eventual mode", () => {
  it("merge to the later position of each writer", () => {
    const one = token(9, { 1: [5], 2: [0x80, 0x01] }); // 128
    const other = token(9, { 2: [0x7f], 3: [7] });
    const merged = token(9, { 1: [5], 2: [0x80, 0x01], 3: [7] });
    expect(mergedToken(one, other)).toBe(merged);
    expect(mergedToken(other, one)).toBe(merged);
    expect(mergedToken(one, one)).toBe(one);
  });

  it.each([
    ["of another cluster", token(8, { 1: [1] })],
    ["of another mode", Buffer.from([2, 0, 9, 1]).toString("base64url")],
    ["cut off", token(9, { 1: [0x80] })],
    ["with a position that is too long", token(9, { 1: Array<number>(9).fill(0x80) })],
    ["no base64", "no token!"],
    ["empty", ""],
  ])("stay apart from one that is %s", (_, other) => {
    expect(mergedToken(token(9, { 1: [1] }), other)).toBeNull();
  });
});

describe("tokens of strong mode", () => {
  const strong = (cluster: number, ...numbers: readonly number[]): string => {
    return Buffer.from([2, 0, 0, 0, cluster, ...numbers]).toString("base64url");
  };

  it("merge to the later revision, whichever way round", () => {
    const earlier = strong(9, 0, 0x7f); // 127
    const later = strong(9, 0, 0x80, 0x01); // 128
    expect(mergedToken(earlier, later)).toBe(later);
    expect(mergedToken(later, earlier)).toBe(later);
  });

  it.each([
    ["of another cluster", strong(8, 0, 5)],
    ["of before a restore", strong(9, 1, 5)],
    ["cut off", strong(9, 0, 0x80)],
    ["too long", strong(9, 0, 5, 5)],
    ["of eventual mode", token(9, { 1: [1] })],
  ])("stay apart from one that is %s", (_, other) => {
    expect(mergedToken(strong(9, 0, 5), other)).toBeNull();
  });
});

describe("a session", () => {
  it("reads at least what it has written, at whichever node", async () => {
    const server = await FaultServer.start(added, counter, counter);
    const session = clientOf([server]).session();
    const orders = session.counter("orders");
    await orders.add(5n);
    await orders.get({ consistency: "local" });
    await orders.get({ consistency: "local" });
    const sent = server.asked.map(({ headers }) => headers["counter-at-least"]);
    expect(sent).toEqual([undefined, "AgEC", "AgER"]);
  });

  it("keeps what it wrote while a read that did not ask for it was under way", () => {
    const session = new Session();
    session.sawWrite("W1");
    session.sawRead("R1", []);
    expect(session.tokens()).toEqual(["W1", "R1"]);
    session.sawRead("R2", ["W1", "R1"]);
    expect(session.tokens()).toEqual(["R2"]);
  });

  it("merges tokens of one eventual cluster", () => {
    const session = new Session();
    for (let position = 1; position <= 100; position += 1) {
      session.sawWrite(token(9, { [1 + (position % 3)]: [position] }));
    }
    expect(session.tokens()).toEqual([token(9, { 1: [99], 2: [100], 3: [98] })]);
  });

  it("is carried elsewhere as text, and joined with another one", async () => {
    const server = await FaultServer.start(added, counter);
    const client = clientOf([server]);
    const session = client.session();
    await session.counter("orders").add(1n);
    const carried = client.session(session.seen.toString());
    carried.seen.merge("T9, T8");
    await carried.counter("orders").get();
    expect(server.asked[1]!.headers["counter-at-least"]).toBe("AgEC, T9, T8");
    carried.seen.clear();
    expect(carried.seen.toString()).toBe("");
  });

  it("refuses a text that is none", () => {
    expect(() => new Session("a b\r\nc")).toThrow("no session");
  });

  it("does not write what it could not remember", async () => {
    const server = await FaultServer.start(added);
    const session = clientOf([server]).session();
    for (let at = 0; at < sessionTokensMax - 1; at += 1) session.seen.sawWrite(`T${at}`);
    await session.counter("orders").add(1n);
    const error = await failure(session.counter("orders").add(1n));
    expect(error).toMatchObject({ code: "invalid-argument", outcome: "not-applied" });
    expect(server.asked).toHaveLength(1);
  });
});
