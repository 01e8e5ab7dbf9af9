import { backupsAtOnce, Places } from "./backup-routes.ts";

test(`${backupsAtOnce} snapshots are under way at a time, and one more when one is over`, () => {
  const places = new Places();
  const refusal = (): unknown => {
    try {
      return places.take();
    } catch (error) {
      return error;
    }
  };
  const leave = Array.from({ length: backupsAtOnce }, () => places.take());
  expect(refusal()).toMatchObject({ code: "overloaded" });
  leave[0]!();
  places.take();
  expect(refusal()).toMatchObject({ code: "overloaded" });
});
