/** Raft ids: an address alone, or one that only one data directory ever has. */

/** A Raft id that no other directory at this address ever has. */
export function memberIdOf(node: {
  readonly address: string;
  readonly directoryId: string;
}): string {
  return `${node.address}~${node.directoryId.slice(0, 8)}`;
}

/** Where the member was when it got this id. */
export function addressIn(id: string): string {
  return id.split("~")[0]!;
}
