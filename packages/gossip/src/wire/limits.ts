/** How much the wire accepts. What has memberlist's figure says so. */

/** Bytes of one UDP datagram, as much as UDP carries; memberlist's receive buffer. */
export const PACKET_MAX_BYTES = 65_536;
/**
 * Bytes of one datagram once decompressed. memberlist has 40 MiB for both: one datagram of
 * 64 KiB could ask for all of it. No sender compresses more than a datagram holds.
 */
export const PACKET_INFLATED_MAX_BYTES = 65_536;
/** Parts of a compound message: its count is one byte. */
export const COMPOUND_MAX_PARTS = 255;

/** Bytes of one encrypted or compressed frame of a stream, memberlist's `maxPushStateBytes`. */
export const STREAM_FRAME_MAX_BYTES: number = 20 * 1024 * 1024;
/** Bytes of a stream's message once decompressed, memberlist's. */
export const STREAM_INFLATED_MAX_BYTES: number = 40 * 1024 * 1024;
/** Members in one push/pull, memberlist's `maxPushPullNodes`. */
export const PUSH_PULL_MAX_NODES: number = 1 << 20;
/** Bytes of the user state of a push/pull, or of one user message, memberlist's. */
export const USER_STATE_MAX_BYTES: number = 20 * 1024 * 1024;
/** Bytes of one header or member of a stream, fields we do not know included. */
export const STREAM_ITEM_MAX_BYTES = 8_192;

/** Bytes of a member's name; serf allows 128. */
export const NAME_MAX_BYTES = 255;
/** Bytes of a member's metadata, memberlist's `MetaMaxSize`. */
export const META_MAX_BYTES = 512;
/** Bytes of the payload of an acknowledgement; serf's coordinate has about 130. */
export const ACK_PAYLOAD_MAX_BYTES = 1_024;
/** Bytes of the text of an error. */
export const ERROR_TEXT_MAX_BYTES = 2_048;
/** Bytes of a label, memberlist's `LabelMaxSize`. */
export const LABEL_MAX_BYTES = 255;

/** Fields of one message, those that we do not know included. */
export const MAP_MAX_FIELDS = 64;
/** Bytes of the name of a field. */
export const KEY_MAX_BYTES = 64;
/** How deep values that we skip may be nested. */
export const SKIP_MAX_DEPTH = 16;
