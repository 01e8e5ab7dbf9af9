import { roleOf } from "./cluster.ts";

test.each([
  { member: { role: "voter" }, role: "voter" },
  { member: { status: "up", up: true }, role: "up" },
  { member: { status: "up", up: false }, role: "down" },
  { member: { status: "leaving", up: false }, role: "leaving" },
  { member: {}, role: null },
])("$member is listed as $role", ({ member, role }) => {
  expect(roleOf(member)).toBe(role);
});
