/** The six kinds of trouble that every design has to get through. */
import { calmWeather } from "../../network.ts";
import type { LinkWeather } from "../../network.ts";

export interface Scenario {
  readonly name: string;
  readonly weather: LinkWeather;
  /** Probability that an answer to a client is lost: it asks again, anywhere, with the same key. */
  readonly replyLoss: number;
  /** Nodes 0 and 1 hear nothing of the others between three tenths and seven tenths of the run. */
  readonly isSplit: boolean;
  /** Every so many ticks a node crashes, and starts again at once at the same address; 0: never. */
  readonly crashEveryTicks: number;
}

const rough: LinkWeather = {
  ...calmWeather,
  loss: 0.1,
  duplication: 0.05,
  delayMax: 300,
};

const clean: Omit<Scenario, "name"> = {
  weather: calmWeather,
  replyLoss: 0,
  isSplit: false,
  crashEveryTicks: 0,
};

export const scenarios: readonly Scenario[] = [
  { ...clean, name: "clean" },
  { ...clean, name: "loss, duplicates, reordering", weather: rough },
  { ...clean, name: "clients ask again elsewhere", replyLoss: 0.05 },
  { ...clean, name: "split in 2 and 3, healed", isSplit: true },
  { ...clean, name: "crash, same address", crashEveryTicks: 97 },
  {
    name: "all together",
    weather: rough,
    replyLoss: 0.05,
    isSplit: true,
    crashEveryTicks: 97,
  },
];
