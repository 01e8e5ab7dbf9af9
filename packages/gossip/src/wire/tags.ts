/** Tags of a serf member, in its metadata: 255 and a map; before them there was a role alone. */
import { META_MAX_BYTES } from "./limits.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import { attempt, type Decoded } from "./refusal.ts";
import { SERF_TAGS_MAX } from "./serf-limits.ts";
import { decodeUtf8 } from "./utf8.ts";

const TAGS_MARK = 0xff;

/**
 * Tags as metadata.
 *
 * @throws RangeError if they take more than the 512 bytes that a member has
 */
export function encodeTags(tags: ReadonlyMap<string, string>): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(TAGS_MARK);
  writer.map(tags.size);
  for (const [tag, value] of tags) {
    writer.text(tag);
    writer.text(value);
  }
  if (writer.length > META_MAX_BYTES) {
    throw new RangeError(`the tags take ${writer.length} bytes, ${META_MAX_BYTES} fit`);
  }
  return writer.finish();
}

/** Metadata as tags; metadata of a very old agent is the tag `role`. */
export function decodeTags(meta: Uint8Array): Decoded<ReadonlyMap<string, string>> {
  return attempt(() => {
    const tags = new Map<string, string>();
    if (meta.length === 0) return tags;
    if (meta[0] !== TAGS_MARK) return tags.set("role", decodeUtf8(meta, 0, meta.length));
    const reader = new MsgpackReader(meta, 1);
    for (let left = reader.map(SERF_TAGS_MAX); left > 0; left -= 1) {
      const tag = reader.text(META_MAX_BYTES);
      tags.set(tag, reader.text(META_MAX_BYTES));
    }
    return tags;
  });
}
