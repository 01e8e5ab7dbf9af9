/**
 * Who takes part in eventual mode. A node is announced by its address, and becomes a member by
 * answering there; its id it brings with it.
 */
import type { EventualNode, EventualNodeStatus } from "@counter/eventual";

import { formatAddress, parseAddress } from "../../config/addresses.ts";
import { messageOf } from "../../process/error-text.ts";
import { bodyMaxBytes, json, text, type ApiReply, type ApiRequest, type Route } from "../api.ts";
import { addMemberDoc, listMembersDoc, removeMemberDoc } from "../docs/cluster.ts";
import { demoJoinDoc } from "../docs/demo.ts";
import type { ReplicaRow } from "../members-route.ts";
import { flagOf, invalidMember, invalidParameter, jsonMembers } from "../negotiation.ts";
import { Problem } from "../problems.ts";

const path = "/v1/cluster/members";

type Membership = Pick<EventualNode, "registerPeers" | "deregisterPeers" | "leave" | "status">;

/** @param node - the node once there is one; throws a Problem before */
export function eventualMemberRoutes(node: () => Membership): readonly Route[] {
  const view = (status: number = 200): ApiReply => ({ ...json(viewOf(node().status())), status });

  const add: Route["handle"] = async (request) => {
    const { address } = jsonMembers(request, ["address"]);
    if (typeof address !== "string") throw invalidMember("address", "the node's host:port");
    const wanted = addressOf(address);
    const isNew = !isExpected(node().status(), wanted);
    await node().registerPeers([wanted]);
    return view(isNew ? 201 : 200);
  };

  const remove: Route["handle"] = async (request) => {
    if (request.query.has("expectedIndex")) {
      throw invalidParameter("expectedIndex", "there is no one order of changes in eventual mode");
    }
    const force = flagOf(request.query, "force");
    const running = node();
    const who = memberIn(request, running.status());
    if (who.self) await running.leave();
    else await running.deregisterPeers([who.target], { force });
    return view();
  };

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
      handle: () => view(),
    },
    {
      ...route,
      method: "POST",
      path,
      summary: 'announces a node, {"address"}',
      operation: addMemberDoc,
      handle: add,
    },
    {
      ...route,
      method: "DELETE",
      path: `${path}/:id`,
      summary: "removes a node by id or address, for good; ?force without a majority",
      operation: removeMemberDoc,
      handle: remove,
    },
    joinRoute(node),
  ];
}

function joinRoute(node: () => Membership): Route {
  const join: Route["handle"] = async (request) => {
    jsonMembers(request, []);
    const addr = request.query.get("addr");
    // The demo wants an id; a node of this mode has its own.
    if (!addr || !request.query.get("id")) throw new Problem("validation-failed", "missing params");
    await node().registerPeers([addressOf(addr)]);
    return text("");
  };
  return {
    method: "POST",
    path: "/join",
    summary: "announces a node: ?id=<name>&addr=<host:port>",
    kind: "control",
    scope: "admin",
    operation: demoJoinDoc,
    bodyMaxBytes,
    handle: join,
  };
}

/** What clients see of the members. */
export function viewOf(status: EventualNodeStatus): Readonly<Record<string, unknown>> {
  const members = replicaRows(status);
  const met = new Set(members.map(({ address }) => address));
  return {
    clusterId: status.clusterId,
    provisional: status.provisional,
    members,
    /** Announced, and never met there. */
    expected: status.named
      .filter(({ address, wanted }) => wanted && !met.has(address))
      .map(({ address }) => address),
  };
}

/** The members, with whether messages reach them. */
export function replicaRows(status: EventualNodeStatus): readonly ReplicaRow[] {
  const up = new Map(status.peers.map((peer) => [peer.node ?? peer.address, peer.up]));
  return status.members
    .filter((member) => member.status !== "removed")
    .map(({ id, address, label, status: standing }) => {
      const isUp = id === status.node || up.get(id) === true;
      return { id, address, label, status: standing, up: isUp };
    });
}

function isExpected({ members, named }: EventualNodeStatus, address: string): boolean {
  return (
    members.some((member) => member.address === address && member.status !== "removed") ||
    named.some((other) => other.address === address && other.wanted)
  );
}

/** Whether this node alone looks there, because of `--join`, and has met nobody. */
function isAsked({ peers }: EventualNodeStatus, address: string): boolean {
  return peers.some((peer) => peer.address === address && peer.node === null);
}

/**
 * A member by its id, or whoever is at an address, as people may spell it. A lost disk leaves a member
 * behind that is down, at the address of the one that came in its place: then only an id will do.
 *
 * @returns with what to deregister: the address, so that nobody is looked for there any more, or the
 *   id where another member goes on at that address
 * @throws Problem if there is none, or more than one
 */
function memberIn(
  { params }: ApiRequest,
  status: EventualNodeStatus,
): { readonly target: string; readonly self: boolean } {
  const given = params?.["id"] ?? "";
  const present = status.members.filter((member) => member.status !== "removed");
  const named = present.find(({ id }) => id === given);
  const address = named?.address ?? addressOrNull(given);
  const there = present.filter((member) => member.address === address);
  if (named === undefined && there.length > 1) {
    const ids = there.map(({ id }) => id).join(" and ");
    throw new Problem("invalid-change", `${ids} are or were at ${given}: name one by its id`);
  }
  if (address === null || !(isExpected(status, address) || isAsked(status, address))) {
    const known = present.map(({ id, address: at }) => `${id} at ${at}`).join(", ");
    throw new Problem("member-not-found", `${given.slice(0, 128)} is no member; ${known} are`);
  }
  const self = (named ?? there[0])?.id === status.node;
  return { target: there.length > 1 ? given : address, self };
}

function addressOrNull(given: string): string | null {
  try {
    return formatAddress(parseAddress(given));
  } catch {
    return null; // not an address: an id
  }
}

function addressOf(address: string): string {
  try {
    return formatAddress(parseAddress(address));
  } catch (error) {
    throw invalidMember("address", messageOf(error));
  }
}
