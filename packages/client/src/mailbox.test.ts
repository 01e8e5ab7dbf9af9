import { Mailbox } from "./mailbox.ts";

describe("what waits for a slow reader", () => {
  it("is the newest event of each name, in the order of the names' first", async () => {
    const mailbox = new Mailbox<string>(2);
    mailbox.put("a", "a1");
    mailbox.put("b", "b1");
    mailbox.put("a", "a2");
    expect([await mailbox.take(), await mailbox.take()]).toEqual(["a2", "b1"]);
  });

  it("is never more than it has room for, and room is told of", async () => {
    const mailbox = new Mailbox<string>(1);
    expect(mailbox.put("a", "a1")).toBe(true);
    expect(mailbox.put("b", "b1")).toBe(false);
    expect(mailbox.put("a", "a2")).toBe(true);
    const room = mailbox.room();
    await mailbox.take();
    await room;
    expect(mailbox.put("b", "b1")).toBe(true);
  });

  it("is read to its end, and then why it ended", async () => {
    const mailbox = new Mailbox<string>(2);
    mailbox.put("a", "a1");
    mailbox.end(new Error("over"));
    mailbox.end(null);
    expect(await mailbox.take()).toBe("a1");
    await expect(mailbox.take()).rejects.toThrow("over");
  });

  it("wakes a reader that waits, and a writer at the end", async () => {
    const mailbox = new Mailbox<string>(1);
    const taken = mailbox.take();
    mailbox.put("a", "a1");
    expect(await taken).toBe("a1");
    mailbox.put("a", "a2");
    const room = mailbox.room();
    mailbox.end(null);
    await room;
  });
});
