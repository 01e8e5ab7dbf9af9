/** Hard limits of the messages between nodes: whatever passes one of them is malformed. */

/** Most bytes of a message: 4 MiB. */
export const messageMaxBytes: number = 4 * 1024 * 1024;

/** Most ranges in a message. */
export const rangesMax: number = 4096;

/** Most records in a message, of all ranges together. */
export const messageRecordsMax: number = 16_384;

/** Most bytes of a record, or of a piece of a snapshot, that travels. */
export const payloadMaxBytes: number = 2 * 1024 * 1024;

/** Most characters of a cluster id. */
export const clusterIdMaxLength: number = 128;

/** Most characters of what a refusal says about invalid bytes. */
export const problemMaxLength: number = 255;
