/** Watchers of counters and writes that they hear of, for the tests of both modes. */
import supertest from "supertest";

import { EventStream } from "./event-stream.ts";
import { headerOf } from "./replies.ts";

/** Watchers that end with the test. */
export class Watchers {
  readonly #streams: EventStream[] = [];

  /** @param path - what follows `/v1` */
  async watch(
    url: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const stream = await EventStream.open(`${url}/v1${path}`, headers);
    this.#streams.push(stream);
    return stream;
  }

  close(): void {
    for (const stream of this.#streams.splice(0)) stream.close();
  }
}

/** @returns the token of the addition */
export async function add(url: string, name: string, delta: string): Promise<string> {
  const reply = await supertest(url).post(`/v1/counters/${name}/add`).send({ delta });
  expect(reply.status).toBe(200);
  return headerOf(reply, "counter-version") ?? "";
}
