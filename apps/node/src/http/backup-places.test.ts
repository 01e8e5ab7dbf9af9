import { backupsAtOnce, Places } from "./backup-routes.ts";

test(`${backupsAtOnce} snapshots are under way at a time, and one more when one is over`, () => {
  const places = new Places();
  const leave = Array.from({ length: backupsAtOnce }, () => places.take());
  expect(() => places.take()).toThrow(expect.objectContaining({ code: "overloaded" }));
  leave[0]!();
  places.take();
  expect(() => places.take()).toThrow(expect.objectContaining({ code: "overloaded" }));
});
