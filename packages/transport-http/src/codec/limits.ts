/** What fits into a message, whatever its frame allows. Checked before anything is allocated. */

/** Longest node id, in characters. */
export const NODE_ID_MAX_LENGTH = 128;
/** Longest address of a member, in characters. */
export const ADDRESS_MAX_LENGTH = 256;
/** Most members of a configuration, and most ids in each of its lists. */
export const MEMBERS_MAX = 256;
/** Most entries in one message: bounds what a small frame can make the decoder allocate. */
export const ENTRIES_MAX = 65_536;
