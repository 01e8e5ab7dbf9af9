/** A counter for each test of a file, so that tests of one node do not count for each other. */
import request, { type Test } from "supertest";

import { jsonOf } from "./replies.ts";
import { TestNodes, type TestNode } from "./test-node.ts";

export interface OwnCounter {
  readonly name: string;
  /** Of the counter under `/v1`. */
  readonly path: string;
}

/** To be called at the top of a file: another counter before each of its tests. */
export function ownCounter(): OwnCounter {
  const own = { name: "", path: "" };
  let counts = 0;
  beforeEach(() => {
    counts += 1;
    own.name = `c${counts}`;
    own.path = `/v1/counters/${own.name}`;
  });
  return own;
}

/** The calls on a counter of a single node in Raft mode. */
export interface OwnCalls extends OwnCounter {
  readonly node: TestNode;
  /** For a second node; all end after the last test of the file. */
  readonly nodes: TestNodes;
  readonly create: (settings?: object) => Test;
  readonly get: () => Test;
  /** @param at - what follows the path of the counter */
  readonly post: (at: string, body?: object) => Test;
  readonly value: () => Promise<unknown>;
  /** Writes and refusals that are remembered, each as the first thing done to the counter. */
  readonly writes: readonly OwnWrite[];
}

export interface OwnWrite {
  readonly what: string;
  readonly send: () => Test;
  readonly status: number;
}

/** To be called at the top of a file: as {@link ownCounter}, at a node that all its tests share. */
export function ownRaftCounter(): OwnCalls {
  const nodes = new TestNodes();
  const own = ownCounter();
  let node: TestNode | null = null;
  beforeAll(async () => {
    node = await nodes.single();
  });
  afterAll(() => nodes.end());

  const started = (): TestNode => {
    if (node === null) throw new Error("the node is there from the first test on");
    return node;
  };
  const post = (at: string, body = {}): Test =>
    request(started().url).post(`${own.path}${at}`).send(body);
  const create = (settings = {}): Test =>
    request(started().url)
      .post("/v1/counters")
      .send({ name: own.name, ...settings });
  const put = (): Test => request(started().url).put(`${own.path}/value`).send({ value: 3 });
  const remove = (): Test => request(started().url).delete(own.path);
  const get = (): Test => request(started().url).get(own.path);
  return {
    nodes,
    get node() {
      return started();
    },
    get name() {
      return own.name;
    },
    get path() {
      return own.path;
    },
    create,
    get,
    post,
    value: async () => jsonOf(await get())["value"],
    writes: [
      { what: "an addition", send: () => post("/add", { delta: 2 }), status: 200 },
      { what: "a number", send: () => post("/next"), status: 200 },
      { what: "a creation", send: () => create({ initial: 1 }), status: 201 },
      { what: "a value", send: put, status: 200 },
      {
        what: "a refusal of cas",
        send: () => post("/cas", { expected: 1, value: 2 }),
        status: 412,
      },
      { what: "a deletion of nothing", send: remove, status: 404 },
    ],
  };
}
