/** What the writer and the reader of commands must agree on; see `docs/state-machine.md`. */

export const version: number = 2;

/** Version 2 with traces behind the operations: written only where there are some. */
export const versionTraced: number = 3;

export const tagAdd = 1;
export const tagNext = 2;
export const tagRestore = 3;
export const tagSet = 4;
export const tagCas = 5;
export const tagReset = 6;
export const tagCreate = 7;
export const tagConfigure = 8;
export const tagDelete = 9;
export const tagGroup = 10;
export const tagInSession = 11;
export const tagOpenSession = 12;
export const tagCloseSession = 13;
export const tagRestoreBegin = 16;
export const tagRestorePart = 17;
export const tagRestoreCommit = 18;
export const tagDigest = 19;

/** Added to the tag: `times` or `onBound` of an add, `times` of a next, `to` of a reset follow. */
export const tagMore = 0x20;
export const tagConditional = 0x40;
export const tagKeyed = 0x80;
export const tagMask = 0x1f;

export const conditionVersions = 1;
export const conditionAbsent = 2;
export const conditionPresent = 3;

/** What a change of a configuration names. */
export const patchMin = 0x01;
export const patchMax = 0x02;
export const patchOnBound = 0x04;
export const patchStep = 0x08;
export const patchLabels = 0x10;
export const patchTtl = 0x20;
export const patchAll = 0x3f;

/** What is said of a session: whose it is; all or none of its operations. */
export const sessionOwned = 1;
export const sessionAtomic = 2;
export const sessionAll = 3;

/** What a restore says of a counter. */
export const backupValue = 1;
export const backupIssued = 2;
export const backupAll = 3;
