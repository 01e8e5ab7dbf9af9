// A fault to be loaded before a node: after its first command this process applies one that no other
// node has, as a bit that flipped in its memory, or a bug of one release, would have it.
import { CounterMachine, encodeBatch } from "@counter/state-machine";

const { apply } = CounterMachine.prototype;
const once = { times: 1, onBound: null, condition: null, key: null };
const operations = [{ type: "add", counter: "flipped", delta: 1n, ...once }];
const data = encodeBatch({ at: 0, keyWindowMs: 1, keysMax: 1, countersMax: 1000, operations });
let done = false;

CounterMachine.prototype.apply = function (commands) {
  const results = apply.call(this, commands);
  const last = commands.at(-1);
  if (!done && last !== undefined) {
    done = true;
    apply.call(this, [{ ...last, index: last.index + 0.5, data }]);
  }
  return results;
};
