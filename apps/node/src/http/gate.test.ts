import { Gate, inFlightMax } from "./gate.ts";

test("before the node has started there is no engine", () => {
  const gate = new Gate();
  expect(gate.started).toBe(false);
  expect(() => gate.engine()).toThrow(expect.objectContaining({ code: "starting" }) as Error);
});

test("a drained node refuses writes of clients, and takes those that another node sends on", () => {
  const gate = new Gate<string>();
  gate.drained = true;
  expect(() => gate.enter("write")).toThrow("this node is drained");
  expect(() => gate.enter("write", true)).not.toThrow();
  expect(() => gate.enter("read")).not.toThrow();
});

describe("while draining", () => {
  it.each(["read", "write"] as const)("a %s is refused", (kind) => {
    const gate = new Gate();
    gate.drain();
    expect(() => gate.enter(kind)).toThrow(/stopping/);
  });

  test("probes are let in", () => {
    const gate = new Gate();
    gate.drain();
    gate.enter("probe");
    expect(gate.inFlight).toBe(1);
  });

  test("it is idle once the last request has left", async () => {
    const gate = new Gate();
    gate.enter("write");
    gate.enter("write");
    gate.drain();
    const idle = gate.idle(60_000);
    gate.exit();
    gate.exit();
    await idle;
    expect(gate.inFlight).toBe(0);
  });

  test("a request that does not end is waited for only so long", async () => {
    const gate = new Gate();
    gate.enter("write");
    await gate.idle(1);
    expect(gate.inFlight).toBe(1);
  });
});

test("one request more than allowed is refused, until another one has left", () => {
  const gate = new Gate();
  for (let count = 0; count < inFlightMax; count += 1) gate.enter("write");
  expect(() => gate.enter("write")).toThrow(/being answered already/);
  gate.enter("probe"); // people must still see what is going on
  gate.exit();
  gate.exit();
  gate.enter("write");
  expect(gate.inFlight).toBe(inFlightMax);
});
