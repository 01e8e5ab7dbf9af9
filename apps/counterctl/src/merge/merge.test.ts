import { newKey } from "@counter/client";

import { keyOf } from "./merge.ts";

describe("the key under which a counter is merged", () => {
  const keys = newKey();

  it("is a UUID of version 7 that is as old as the merge", () => {
    const key = keyOf(keys, "orders");
    expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(key.slice(0, 13)).toBe(keys.slice(0, 13));
  });

  it("is the same whenever it is made, and another one for another counter or merge", () => {
    const others = [keyOf(keys, "order"), keyOf(newKey(), "orders")];
    expect(keyOf(keys, "orders")).toBe(keyOf(keys, "orders"));
    expect(new Set([keyOf(keys, "orders"), ...others]).size).toBe(3);
  });
});
