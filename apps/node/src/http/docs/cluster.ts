/** The calls by which people and nodes look at the cluster and change it. */
import { z } from "zod";

import type { RouteDoc } from "../api.ts";
import {
  anyObject,
  emptyObject,
  flagDoc,
  jsonReply,
  jsonType,
  textDoc,
  textReply,
} from "./parts.ts";

const membersReply = z.looseObject({
  clusterId: z.string().nullable(),
  members: z.array(z.looseObject({ id: z.string(), address: z.string() })),
});
const noBody = { schema: emptyObject, mediaTypes: [jsonType], required: false } as const;

const idDoc = textDoc("a member's id, or its `host:port`");
const changeQuery = {
  force: flagDoc("also if the cluster may stop because of it"),
  expectedIndex: textDoc("Raft mode: only if the members are still those of this log entry"),
};
const changeProblems = [
  "validation-failed",
  "invalid-change",
  "unsafe-change",
  "version-mismatch",
  "change-in-progress",
  "no-leader",
  "outcome-unknown",
] as const;

export const listMembersDoc: RouteDoc = {
  id: "listClusterMembers",
  tag: "cluster",
  responses: { 200: jsonReply("who takes part, as this node knows it", membersReply) },
  problems: ["starting"],
};

export const addMemberDoc: RouteDoc = {
  id: "addClusterMember",
  summary: "adds a node",
  tag: "cluster",
  query: changeQuery,
  body: {
    schema: z.strictObject({
      address: z.string(),
      id: z.string().nullable().optional(),
      voter: z.boolean().optional(),
    }),
    mediaTypes: [jsonType],
    required: true,
  },
  responses: {
    200: jsonReply("it is so already", membersReply),
    201: jsonReply("it was added", membersReply),
  },
  problems: [...changeProblems, "too-many-members"],
};

export const removeMemberDoc: RouteDoc = {
  id: "removeClusterMember",
  summary: "removes a node for good",
  tag: "cluster",
  params: { id: idDoc },
  query: changeQuery,
  responses: { 200: jsonReply("it takes part no more", membersReply) },
  problems: [...changeProblems, "member-not-found", "no-majority", "last-member"],
};

export const promoteMemberDoc: RouteDoc = {
  id: "promoteClusterMember",
  summary: "makes a learner a voter at once",
  modes: ["strong"],
  tag: "cluster",
  params: { id: idDoc },
  query: changeQuery,
  body: noBody,
  responses: { 200: jsonReply("it votes", membersReply) },
  problems: [...changeProblems, "member-not-found", "mode-mismatch"],
};

export const transferDoc: RouteDoc = {
  id: "transferLeadership",
  summary: "hands leadership over, to a voter that is named or to whoever is furthest",
  modes: ["strong"],
  tag: "cluster",
  body: {
    schema: z.strictObject({ to: z.string().nullable().optional() }),
    mediaTypes: [jsonType],
    required: false,
  },
  responses: { 200: jsonReply("who leads now", z.strictObject({ leader: z.string() })) },
  problems: [
    "validation-failed",
    "unknown-member",
    "mode-mismatch",
    "transfer-failed",
    "no-leader",
    "change-in-progress",
  ],
};

const stateDigest = {
  index: z.number(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
};

export const makeDigestDoc: RouteDoc = {
  id: "makeDigest",
  summary: "has every node make a digest of its state, at the same index of the log",
  tag: "cluster",
  modes: ["strong"],
  description:
    "Answers with the digest of the leader. Ask every node with `GET` for its own at that index: where one differs, its state does. In eventual mode `vectorHash` of `/v1/status` is compared instead.",
  body: noBody,
  responses: {
    200: jsonReply(
      "the digest of the leader",
      z.strictObject({ node: z.string(), ...stateDigest }),
    ),
  },
  problems: ["validation-failed", "mode-mismatch", "no-leader", "outcome-unknown", "overloaded"],
};

export const digestsDoc: RouteDoc = {
  id: "listDigests",
  summary: "the digests that this node has made, the newest last",
  tag: "cluster",
  modes: ["strong"],
  responses: {
    200: jsonReply(
      "the last digests, the newest last",
      z.strictObject({ node: z.string(), digests: z.array(z.strictObject(stateDigest)) }),
    ),
  },
  problems: ["mode-mismatch", "starting"],
};

export const restoreStepDoc: RouteDoc = {
  id: "restoreStep",
  tag: "snapshot",
  modes: ["strong"],
  body: {
    schema: z.string(),
    mediaTypes: ["application/vnd.counter.restore-step"],
    required: true,
  },
  responses: { 200: jsonReply("what the state machine says", anyObject) },
  problems: ["validation-failed", "unsupported-media-type", "no-leader", "outcome-unknown"],
};

export const leaveDoc: RouteDoc = {
  id: "leaveCluster",
  tag: "node",
  query: { force: changeQuery.force },
  body: noBody,
  responses: { 200: jsonReply("it has left, and stops", z.strictObject({ left: z.string() })) },
  problems: [...changeProblems, "last-member", "no-majority"],
};

export const membersDoc: RouteDoc = {
  id: "listMembers",
  tag: "cluster",
  responses: {
    200: jsonReply(
      "the members of replication and those of gossip, side by side",
      z.looseObject({
        mode: z.enum(["raft", "eventual"]),
        clusterId: z.string().nullable(),
        members: z.array(z.looseObject({ id: z.string().nullable() })),
        more: z.number(),
      }),
    ),
  },
  problems: [],
};

export const statusDoc: RouteDoc = {
  id: "getStatus",
  tag: "node",
  responses: { 200: jsonReply("what this node knows of itself and the others", anyObject) },
  problems: ["starting"],
};

export const clusterDoc: RouteDoc = {
  id: "getCluster",
  tag: "cluster",
  responses: {
    200: jsonReply(
      "the cluster, as this node knows it",
      z.strictObject({
        clusterId: z.string().nullable(),
        mode: z.enum(["raft", "eventual"]),
        leader: z.strictObject({ id: z.string(), address: z.string() }).nullable(),
        members: z.number(),
        epoch: z.number().nullable(),
      }),
    ),
  },
  problems: ["starting"],
};

export const describeBootstrapDoc: RouteDoc = {
  id: "describeBootstrap",
  summary: "how far `--bootstrap-expect` is; `?proposal=<id>`: what became of it",
  modes: ["strong"],
  tag: "cluster",
  query: { proposal: textDoc("the id of a proposal: what became of it") },
  responses: { 200: jsonReply("how far `--bootstrap-expect` is", anyObject) },
  problems: ["starting", "validation-failed", "mode-mismatch"],
};

export const askBootstrapDoc: RouteDoc = {
  id: "askBootstrap",
  tag: "cluster",
  body: { schema: anyObject, mediaTypes: [jsonType], required: true },
  responses: { 200: jsonReply("this node pledges itself", anyObject) },
  problems: ["starting", "validation-failed", "bootstrap-refused"],
};

export const indexDoc: RouteDoc = {
  id: "listCalls",
  tag: "about",
  responses: {
    200: {
      ...textReply("every call, a line each"),
      content: {
        "text/plain": z.string(),
        [jsonType]: z.strictObject({
          version: z.string(),
          calls: z.array(
            z.strictObject({ method: z.string(), path: z.string(), summary: z.string() }),
          ),
        }),
      },
    },
  },
  problems: [],
};

/** @param summary - for both modes, whose checks are not the same */
export function probeDoc(id: string, summary: string): RouteDoc {
  const checked = z.looseObject({
    status: z.enum(["ok", "unavailable"]),
    checks: z.array(
      z.strictObject({ name: z.string(), ok: z.boolean(), problem: z.string().nullable() }),
    ),
  });
  const content = { "text/plain": z.string(), [jsonType]: checked };
  return {
    id,
    summary,
    tag: "health",
    query: {
      verbose: flagDoc("a line for every check"),
      exclude: textDoc("names of checks that are left out, with commas"),
      sync: flagDoc("asks a majority as well; of `/readyz` in Raft mode only"),
    },
    responses: {
      200: { description: "all is well", content },
      503: {
        description: "which check failed, and why",
        content,
        headers: { "retry-after": "seconds" },
      },
    },
    problems: ["validation-failed"],
  };
}
