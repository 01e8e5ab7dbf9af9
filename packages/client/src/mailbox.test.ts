import { Mailbox } from "./mailbox.ts";

/** What is left of two events is the newer one. */
function mailbox(max: number): Mailbox<string> {
  return new Mailbox(max, (_, event) => event);
}

describe("what waits for a slow reader", () => {
  it("is the newest event of each name, in the order of the names' first", async () => {
    const box = mailbox(2);
    box.put("a", "a1");
    box.put("b", "b1");
    box.put("a", "a2");
    expect([await box.take(), await box.take()]).toEqual(["a2", "b1"]);
  });

  it("can be put behind all others, and remember what it was before", async () => {
    const box = new Mailbox<string>(3, (unread, event) => unread + event);
    box.put("end", "1", "last");
    box.put("a", "a1");
    box.put("end", "2", "last");
    expect([await box.take(), await box.take()]).toEqual(["a1", "12"]);
  });

  it("is never more than it has room for, and room is told of", async () => {
    const box = mailbox(1);
    expect(box.put("a", "a1")).toBe(true);
    expect(box.put("b", "b1")).toBe(false);
    expect(box.put("a", "a2")).toBe(true);
    const room = box.room();
    await box.take();
    await room;
    expect(box.put("b", "b1")).toBe(true);
  });

  it("is read to its end, and then why it ended", async () => {
    const box = mailbox(2);
    box.put("a", "a1");
    box.end(new Error("over"));
    box.end(null);
    expect(await box.take()).toBe("a1");
    await expect(box.take()).rejects.toThrow("over");
  });

  it("wakes a reader that waits, and a writer at the end", async () => {
    const box = mailbox(1);
    const taken = box.take();
    box.put("a", "a1");
    expect(await taken).toBe("a1");
    box.put("a", "a2");
    const room = box.room();
    box.end(null);
    await room;
  });
});
