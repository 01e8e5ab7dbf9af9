import { failingRoute, type FailingRoute } from "../../test-support/answering.ts";
import type { ApiRequest, Route } from "../api.ts";
import { HeldRequests } from "../held.ts";
import { Problem } from "../problems.ts";
import { EventualHandling } from "./handling.ts";

let ready: boolean;
let held: HeldRequests;
beforeEach(() => {
  ready = false;
  held = new HeldRequests();
});
afterEach(() => held.close());

function handling(applyTimeoutMs: number = 60_000): EventualHandling {
  return new EventualHandling({ ready: () => ready, held, applyTimeoutMs });
}

const route = (kind: Route["kind"], ...errors: readonly Error[]): FailingRoute =>
  failingRoute(kind, "/increment", errors);

function request(more: Partial<ApiRequest> = {}): ApiRequest {
  const query = new URLSearchParams();
  const rest = { method: "POST", path: "/increment", query, headers: {} };
  return { ...rest, body: new Uint8Array(0), ...more };
}

const starting = new Problem("starting", "");
const placeless = Object.assign(new Error("no place"), { code: "EVENTUAL_STARTING" });

test.each([starting, placeless])(
  "who is early waits until the node is ready: $code",
  async (error) => {
    const early = route("write", error);
    const reply = handling().handle(early, request());
    held.release(); // not for the right reason: it waits on
    ready = true;
    held.release();
    expect(await reply).toMatchObject({ status: 200 });
    expect(early.attempts()).toBe(2);
  },
);

test("a node that is ready and still has no place says so at once", async () => {
  ready = true;
  await expect(handling().handle(route("write", placeless), request())).rejects.toBe(placeless);
});

test("probes do not wait", async () => {
  await expect(handling().handle(route("probe", starting), request())).rejects.toBe(starting);
});

test("other errors do not wait", async () => {
  const overloaded = new Problem("overloaded", "");
  await expect(handling().handle(route("write", overloaded), request())).rejects.toBe(overloaded);
});

test("nobody waits longer than was agreed, nor when too many wait or the node stops", async () => {
  await expect(handling(1).handle(route("write", starting), request())).rejects.toBe(starting);
  const stopped = handling().handle(route("write", starting), request());
  held.close();
  await expect(stopped).rejects.toBe(starting);
  await expect(handling().handle(route("write", starting), request())).rejects.toBe(starting);
});

test("what nobody waits for any more is not begun", async () => {
  const early = route("write", starting);
  const reply = handling().handle(early, request({ hungUp: () => true }));
  ready = true;
  held.release();
  await expect(reply).rejects.toBe(starting);
  expect(early.attempts()).toBe(1);
});
