/**
 * Whose data directory this is in Raft mode. A directory is bound at its first start to one node id, one mode
 * and one cluster: its votes and its log are promises that were made under that name, and starting
 * them under another one would break them. The address may change once the node has taken part: from
 * then on the cluster knows it by its id, and is asked to look for it elsewhere (moving.ts).
 */
import { randomBytes } from "node:crypto";

import type { Member } from "@counter/raft";
import { z } from "zod";

import { isNamed } from "../config/cluster-id.ts";
import type { RaftConfig } from "../config/node-config.ts";
import { exitCodes, StartError } from "../process/exit-codes.ts";
import { addressIn, memberIdOf } from "../membership/member-id.ts";
import { formatVersion, readIdentityFile, writeIdentityFile } from "./identity-file.ts";

/** What `identity.json` says. */
export interface Identity {
  readonly formatVersion: number;
  /** 128 random bits in hexadecimal: another directory at the same address has others. */
  readonly directoryId: string;
  readonly label: string;
  readonly mode: "raft";
  /** Where the cluster looks for the node, as far as this node knows. */
  readonly address: string;
  /**
   * Our Raft id: the address of a first member that a person has named, whose directory the others
   * remember; otherwise a name that nobody had before, since others may have been at its address.
   */
  readonly nodeId: string;
  /**
   * The first configuration, ourselves included: addresses, or ids that begin with one; empty if we
   * joined. Later ones are in the log.
   */
  readonly members: readonly string[];
  /** As compared with that of other nodes, digest included; a name alone in directories of old releases. */
  readonly clusterId: string;
  /** Whether the node has ever taken part: from then on an empty log is a lost log. */
  readonly joined: boolean;
  /** Whether the cluster has removed the node: its id is used up. */
  readonly removed: boolean;
}

const identitySchema = z
  .object({
    formatVersion: z.literal(formatVersion),
    directoryId: z.string().regex(/^[0-9a-f]{32}$/),
    label: z.string().min(1),
    mode: z.literal("raft"),
    address: z.string().min(1),
    nodeId: z.string().min(1).optional(),
    members: z.array(z.string().min(1)),
    clusterId: z.string().min(1),
    joined: z.boolean(),
    removed: z.boolean().default(false),
  })
  .transform((found) => ({ ...found, nodeId: found.nodeId ?? found.address }));

/**
 * How a directory begins that starts for the first time: with the members that a person has named, in
 * a cluster that is there already, or with the members that the candidates have agreed on.
 */
export type Beginning =
  | { readonly kind: "peers" }
  | { readonly kind: "join"; readonly clusterId: string }
  | { readonly kind: "decided"; readonly clusterId: string; readonly members: readonly string[] };

/** 128 random bits in hexadecimal. */
export function newDirectoryId(): string {
  return randomBytes(16).toString("hex");
}

/** The identity of a directory that starts for the first time. */
export function newIdentity(
  config: RaftConfig,
  beginning: Beginning = { kind: "peers" },
  directoryId: string = newDirectoryId(),
): Identity {
  const { label, mode, address } = config;
  const named = memberIdOf({ address, directoryId });
  const own = { formatVersion, directoryId, label, mode, address, joined: false, removed: false };
  switch (beginning.kind) {
    case "peers": {
      const members = [...config.peers, address].sort();
      return { ...own, nodeId: address, members, clusterId: config.clusterId };
    }
    case "join":
      return { ...own, nodeId: named, members: [], clusterId: beginning.clusterId };
    case "decided": {
      const { clusterId, members } = beginning;
      return { ...own, nodeId: named, members, clusterId };
    }
  }
}

/** What Raft is told at the first start: of a node that joins, others say who takes part. */
export function firstMembers({ members }: Identity): readonly Member[] | "join" {
  if (members.length === 0) return "join";
  return members.map((id) => ({ id, address: addressIn(id) }));
}

/**
 * @returns `null` for a directory that was never started
 * @throws StartError (exit code 3) for a file that cannot be read or understood
 */
export function readIdentity(dataDir: string): Promise<Identity | null> {
  return readIdentityFile(dataDir, { mode: "raft", schema: identitySchema });
}

/** Durable when it resolves. */
export function writeIdentity(dataDir: string, identity: Identity): Promise<void> {
  return writeIdentityFile(dataDir, identity);
}

/**
 * Compares a directory with the settings it is started with now.
 *
 * @returns warnings: differences that do no harm, and what to do about them
 * @throws StartError (exit code 3) if the directory belongs to another node, cluster or mode
 */
export function checkIdentity(
  identity: Identity,
  config: Pick<RaftConfig, "mode" | "address" | "clusterName" | "peers" | "dataDir">,
): readonly string[] {
  const { dataDir } = config;
  if (identity.address !== config.address && !identity.joined) {
    throw new StartError(
      exitCodes.dataDir,
      `${dataDir} belongs to the node at ${identity.address}, but this one is ${config.address}: start it with its own address, or choose another --data-dir`,
    );
  }
  if (identity.removed) {
    throw new StartError(
      exitCodes.removed,
      `${dataDir} belongs to ${identity.nodeId}, which was removed from its cluster for good. To take part again, move ${dataDir} away and start with --join=<address of a member>`,
    );
  }
  const { clusterName } = config;
  if (clusterName !== null && !isNamed(identity.clusterId, clusterName)) {
    throw new StartError(
      exitCodes.dataDir,
      `${dataDir} belongs to the cluster ${identity.clusterId}, not to ${clusterName}: drop --cluster-id, or choose another --data-dir`,
    );
  }
  if (identity.members.length === 0) {
    if (config.peers.length === 0) return [];
    return [`--peers is ignored: this node is to join, or has joined, ${identity.clusterId}`];
  }
  if (identity.address !== config.address && config.peers.length === 0) return []; // moved
  const agreedOn = identity.members.some((id) => id.includes("~")); // and named by nobody
  if (agreedOn && config.peers.length === 0) return [];
  const given = [...config.peers, config.address].sort().join(", ");
  const first = identity.members.join(", ");
  if (given === first) return [];
  return [
    `--peers is ignored: members come from the data directory, which began with ${first}. If this node never was part of a cluster, remove ${dataDir} and start again`,
  ];
}
