/** Who takes part: looking, adding, removing, promoting. `/join` is the demo's spelling of adding. */
import { formatAddress, parseAddress } from "../../config/addresses.ts";
import type { RaftEngine } from "../../engine/engine.ts";
import type { ChangeRequest, MembershipView } from "../../engine/members.ts";
import { messageOf } from "../../process/error-text.ts";
import { bodyMaxBytes, json, text, type ApiReply, type ApiRequest, type Route } from "../api.ts";
import {
  addMemberDoc,
  listMembersDoc,
  promoteMemberDoc,
  removeMemberDoc,
} from "../docs/cluster.ts";
import { demoJoinDoc } from "../docs/demo.ts";
import { flagOf, invalidMember, invalidParameter, jsonMembers } from "../negotiation.ts";
import { Problem } from "../problems.ts";

const path = "/v1/cluster/members";
const idForm = /^[\x21-\x7e]{1,128}$/;

export function memberRoutes(
  engine: () => RaftEngine,
  clusterId: () => string | null,
): readonly Route[] {
  const reply = (view: MembershipView, status: number = 200): ApiReply => {
    return { ...json({ clusterId: clusterId(), ...view }), status };
  };
  const add: Route["handle"] = async (request) => {
    const { id, address, voter = true } = jsonMembers(request, ["id", "address", "voter"]);
    if (typeof voter !== "boolean") throw invalidMember("voter", "true or false");
    if (typeof address !== "string") throw invalidMember("address", "the node's host:port");
    const member = { ...memberOf(id ?? null, address), voter };
    const { changed, ...view } = await engine().members.add(member, changeOf(request));
    return reply(view, changed ? 201 : 200);
  };
  const promote: Route["handle"] = async (request) =>
    reply(await engine().members.promote(idIn(request), changeOf(request)));
  const route = { kind: "control", scope: "admin", bodyMaxBytes } as const;
  return [
    {
      ...route,
      method: "GET",
      path,
      kind: "probe",
      scope: "read",
      operation: listMembersDoc,
      summary: "who takes part, as this node knows it",
      handle: () => reply(engine().members.view()),
    },
    {
      ...route,
      method: "POST",
      path,
      summary: 'adds a node, {"id", "address", "voter": false for one that never votes}',
      operation: addMemberDoc,
      handle: add,
    },
    removeRoute(engine, clusterId),
    {
      ...route,
      method: "POST",
      path: `${path}/:id/promote`,
      summary: "makes a learner a voter at once",
      operation: promoteMemberDoc,
      handle: promote,
    },
    joinRoute(engine),
  ];
}

/** Also the way in which a node has itself removed. */
export function removeRoute(engine: () => RaftEngine, clusterId: () => string | null): Route {
  return {
    method: "DELETE",
    path: `${path}/:id`,
    summary: "removes a node; ?force even if the cluster may stop",
    kind: "control",
    scope: "admin",
    operation: removeMemberDoc,
    bodyMaxBytes,
    handle: async (request) => {
      const view = await engine().members.remove(idIn(request), changeOf(request));
      return json({ clusterId: clusterId(), ...view });
    },
  };
}

/** A request to {@link removeRoute}, for whoever leads. */
export function removalOf(id: string, force: boolean): ApiRequest {
  return {
    method: "DELETE",
    path: `${path}/${encodeURIComponent(id)}`,
    params: { id },
    query: new URLSearchParams(force ? { force: "true" } : {}),
    headers: { accept: "application/json" },
    body: new Uint8Array(0),
  };
}

function joinRoute(engine: () => RaftEngine): Route {
  const handle: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const { query } = request;
    const [id, addr] = [query.get("id"), query.get("addr")];
    if (!id || !addr) throw new Problem("validation-failed", "missing params");
    const member = { ...memberOf(id, addr), voter: true };
    await engine().members.add(member, { expectedIndex: null, force: false });
    return text("");
  };
  const summary = "adds a node: ?id=<name>&addr=<host:port>";
  return {
    method: "POST",
    path: "/join",
    summary,
    kind: "control",
    scope: "admin",
    operation: demoJoinDoc,
    bodyMaxBytes,
    handle,
  };
}

/** A node without a name of its own is called like its address, as first members are. */
function memberOf(id: unknown, address: string): { readonly id: string; readonly address: string } {
  const spelled = addressOf(address);
  if (id === null) return { id: spelled, address: spelled };
  if (typeof id === "string" && idForm.test(id)) return { id, address: spelled };
  throw invalidMember("id", "1 to 128 visible ASCII characters");
}

function addressOf(address: string): string {
  try {
    return formatAddress(parseAddress(address));
  } catch (error) {
    throw invalidMember("address", messageOf(error));
  }
}

/** Ids may be written as the addresses that they mostly are. */
function idIn(request: ApiRequest): string {
  const given = request.params?.["id"] ?? "";
  try {
    return formatAddress(parseAddress(given));
  } catch {
    return given; // not an address: the name of a node that joined
  }
}

function changeOf({ query }: ApiRequest): ChangeRequest {
  const expected = query.get("expectedIndex");
  if (expected !== null && !/^\d{1,15}$/.test(expected)) {
    throw invalidParameter("expectedIndex", "the number of a log entry");
  }
  return {
    expectedIndex: expected === null ? null : Number(expected),
    force: flagOf(query, "force"),
  };
}
