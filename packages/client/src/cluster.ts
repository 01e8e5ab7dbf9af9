/** What operators do: members, leadership, one node's part. Replies are given as they come. */
import { queryOf, type Calls } from "./calls.ts";
import { textAt, type Json } from "./decode.ts";
import { textOf } from "./reply.ts";
import type { CallOptions } from "./types.ts";

export interface MemberOptions extends CallOptions {
  /** Also if the cluster might stop because of it. */
  readonly force?: boolean | undefined;
}

const toLeader = { effect: "control", leader: true } as const;
const here = { effect: "control", leader: false } as const;
const reading = { effect: "read", leader: false } as const;

export class Cluster {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** What the node that is asked says of itself and the others. */
  status(options: CallOptions = {}): Promise<Json> {
    return this.#get("/v1/status", options);
  }

  /** The id of the cluster, its mode and its leader. */
  info(options: CallOptions = {}): Promise<Json> {
    return this.#get("/v1/cluster", options);
  }

  /** The members of replication. */
  members(options: CallOptions = {}): Promise<Json> {
    return this.#get("/v1/cluster/members", options);
  }

  /** The members of replication and of gossip, side by side. */
  everybody(options: CallOptions = {}): Promise<Json> {
    return this.#get("/v1/members", options);
  }

  async addMember(
    member: { readonly address: string; readonly id?: string; readonly voter?: boolean },
    options: CallOptions = {},
  ): Promise<Json> {
    const request = { method: "POST", path: "/v1/cluster/members", body: member } as const;
    return (await this.#calls.control(request, options, toLeader)).json;
  }

  async removeMember(id: string, options: MemberOptions = {}): Promise<Json> {
    const path = `/v1/cluster/members/${encodeURIComponent(id)}${force(options)}`;
    return (await this.#calls.control({ method: "DELETE", path }, options, toLeader)).json;
  }

  async promoteMember(id: string, options: CallOptions = {}): Promise<Json> {
    const path = `/v1/cluster/members/${encodeURIComponent(id)}/promote`;
    return (await this.#calls.control({ method: "POST", path }, options, toLeader)).json;
  }

  /** @param options.to - the id of a member; otherwise whoever has most. @returns who leads */
  async transferLeader(options: CallOptions & { readonly to?: string } = {}): Promise<string> {
    const body = options.to === undefined ? {} : { to: options.to };
    const request = { method: "POST", path: "/v1/cluster/leader/transfer", body } as const;
    return textAt((await this.#calls.control(request, options, toLeader)).json, "leader");
  }

  /** Has every node make a digest of its state at one index of the log; that of the leader. */
  async makeDigest(options: CallOptions = {}): Promise<Json> {
    const request = { method: "POST", path: "/v1/cluster/digest" } as const;
    return (await this.#calls.control(request, options, toLeader)).json;
  }

  /** The digests that the node that is asked has made. Use `client.at(url)`. */
  digests(options: CallOptions = {}): Promise<Json> {
    return this.#get("/v1/cluster/digest", options);
  }

  /** The node that is asked takes no more requests, until {@link undrain}. Use `client.at(url)`. */
  drain(options: CallOptions = {}): Promise<Json> {
    return this.#post("/v1/node/drain", options);
  }

  undrain(options: CallOptions = {}): Promise<Json> {
    return this.#post("/v1/node/undrain", options);
  }

  /**
   * What the node that is asked logs. Use `client.at(url)`.
   *
   * @param options.level - `error`, `warn`, `info` or `debug`: from now on, until it is restarted
   */
  async logLevel(options: CallOptions & { readonly level?: string } = {}): Promise<string> {
    const { level } = options;
    const path = "/v1/node/log-level";
    if (level === undefined) return textAt(await this.#get(path, options), "level");
    const request = { method: "PUT", path, body: { level } } as const;
    return textAt((await this.#calls.control(request, options, here)).json, "level");
  }

  /** The node that is asked leaves for good, and ends. Use `client.at(url)`. */
  leave(options: MemberOptions = {}): Promise<Json> {
    return this.#post(`/v1/cluster/leave${force(options)}`, options);
  }

  /** Whether the node that is asked is ready, and what it says about that. Use `client.at(url)`. */
  async ready(
    options: CallOptions = {},
  ): Promise<{ readonly ready: boolean; readonly text: string }> {
    const request = { method: "GET", path: "/readyz", query: { verbose: "" } } as const;
    const headers = { accept: "text/plain" };
    const call = { ...request, headers, accepts: [503] };
    const { reply } = await this.#calls.control(call, options, reading);
    return { ready: reply.status === 200, text: textOf(reply).trim() };
  }

  async #get(path: string, options: CallOptions): Promise<Json> {
    return (await this.#calls.control({ method: "GET", path }, options, reading)).json;
  }

  async #post(path: string, options: CallOptions): Promise<Json> {
    return (await this.#calls.control({ method: "POST", path }, options, here)).json;
  }
}

function force(options: MemberOptions): string {
  return queryOf({ force: options.force === true ? "true" : undefined });
}
