import { namespaceOf, networkOf, principalOf } from "./namespaces.ts";

test.each([
  ["shop.orders.open", "shop"],
  ["shop:orders", "shop"],
  ["a:b.c", "a"],
  ["likes", "likes"],
  ["a-b_c", "a-b_c"],
  ["shop.", "shop"],
])("%s is in the namespace %s", (name, namespace) => {
  expect(namespaceOf(name)).toBe(namespace);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
  ["2001:db8::6", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["", ""],
])("%s is of the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("a token's name counts wherever it comes from, and an address only without one", () => {
  expect(principalOf({ name: "ci" }, "192.0.2.7")).toBe(principalOf({ name: "ci" }, "192.0.2.8"));
  expect(principalOf({ name: null }, "192.0.2.7")).not.toBe(
    principalOf({ name: null }, "192.0.2.8"),
  );
  expect(principalOf({ name: "192.0.2.7" }, undefined)).not.toBe(
    principalOf({ name: null }, "192.0.2.7"),
  );
});
