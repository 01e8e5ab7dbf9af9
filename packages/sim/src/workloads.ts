import { counterMachineWorkload } from "./counter-machine-workload.ts";
import { counterOperationsWorkload } from "./counter-operations-workload.ts";
import { counterRestoresWorkload } from "./counter-restores-workload.ts";
import { counterWorkload } from "./counter-workload.ts";
import { exactlyOnceWorkload } from "./exactly-once-workload.ts";
import type { SimWorkload } from "./machine.ts";

/** What the command line runs unless it is told otherwise. */
export const defaultWorkload = "keyed";

/** The workload of this name, as the command line has them; `null` if there is none. */
export function workloadNamed(name: string): SimWorkload | null {
  switch (name) {
    case defaultWorkload:
      return counterWorkload;
    case "counter":
      return counterMachineWorkload;
    case "operations":
      return counterOperationsWorkload;
    case "restores":
      return counterRestoresWorkload;
    case "once":
      return exactlyOnceWorkload;
    default:
      return null;
  }
}
