/**
 * The settings of a counter as bytes, and back: a count, then for each a tag, its length and its
 * bytes, in the order of the tags. What a later release writes under a tag of its own is kept and
 * passed on by those before it, so that all come to the same bytes.
 */
import type { CounterConfig } from "../types.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { invariant, MalformedError } from "./errors.ts";
import {
  isLabelName,
  labelNameMaxLength,
  labelsMax,
  labelTextMaxLength,
  settingMaxBytes,
  settingsMax,
} from "./limits.ts";

const labelsTag = 1;
const largestTag = 0xffff;

export function writeConfig(out: ByteWriter, { labels, others }: CounterConfig): void {
  invariant(others.length < settingsMax && labels.size <= labelsMax, "settings are few enough");
  out.varint(others.length + (labels.size > 0 ? 1 : 0));
  if (labels.size > 0) writeSetting(out, { tag: labelsTag, bytes: labelBytes(labels) });
  let previous = labelsTag;
  for (const setting of others) {
    invariant(setting.tag > previous, "settings are in the order of their tags");
    previous = setting.tag;
    writeSetting(out, setting);
  }
}

function writeSetting(out: ByteWriter, { tag, bytes }: CounterConfig["others"][number]): void {
  out.varint(tag);
  out.varint(bytes.length);
  out.raw(bytes);
}

function labelBytes(labels: ReadonlyMap<string, string>): Uint8Array {
  const out = new ByteWriter(64);
  let previous = "";
  out.varint(labels.size);
  for (const [name, text] of labels) {
    invariant(isLabelName(name) && text.length <= labelTextMaxLength, "a label is short enough");
    invariant(name > previous, "labels are in the order of their names");
    previous = name;
    out.text(name);
    out.wide(text);
  }
  return out.copy();
}

/** @throws MalformedError */
export function readConfig(reader: ByteReader): CounterConfig {
  let labels: ReadonlyMap<string, string> = new Map();
  const others: { tag: number; bytes: Uint8Array }[] = [];
  let previous = 0;
  for (let left = reader.count(settingsMax, 2); left > 0; left -= 1) {
    const tag = reader.varint(largestTag);
    if (tag <= previous) throw new MalformedError("settings are out of order");
    previous = tag;
    const bytes = reader.raw(reader.varint(settingMaxBytes));
    if (tag === labelsTag) labels = readLabels(bytes);
    else others.push({ tag, bytes });
  }
  return { labels, others };
}

function readLabels(bytes: Uint8Array): ReadonlyMap<string, string> {
  const reader = new ByteReader(bytes);
  const labels = new Map<string, string>();
  let previous = "";
  const count = reader.count(labelsMax, 3);
  if (count === 0) throw new MalformedError("no labels are said to be there");
  for (let left = count; left > 0; left -= 1) {
    const name = reader.text(reader.varint(labelNameMaxLength));
    if (!isLabelName(name)) throw new MalformedError("a label has no valid name");
    if (name <= previous) throw new MalformedError("labels are out of order");
    previous = name;
    labels.set(name, reader.wide(labelTextMaxLength));
  }
  reader.end();
  return labels;
}
