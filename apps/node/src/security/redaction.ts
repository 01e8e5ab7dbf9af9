/** Keeps secrets out of the log, wherever they come from: fields, messages, the texts of errors. */
import winston from "winston";

/** In place of what nobody should read. */
export const redacted = "[redacted]";

const secretNames = /^(?:authorization|cookie|token|secret|password|passphrase|private_?key)s?$/i;
const patterns: readonly RegExp[] = [
  /\bctr_[A-Za-z0-9_-]{16,}/g,
  /\b(?<=bearer\s+)[\x21-\x7e]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=\/\/)[^\s/@]+:[^\s/@]+(?=@)/g, // of an address with a name and a password
];
/** How deep fields are looked into; what is deeper is left out. */
const depthMax = 6;

/** To be put before whatever writes lines. */
export const redaction = winston.format((info) => {
  for (const [name, value] of Object.entries(info)) info[name] = clean(name, value, 0);
  return info;
});

function clean(name: string, value: unknown, depth: number): unknown {
  if (secretNames.test(name) && value !== null && value !== undefined) return redacted;
  if (typeof value === "string") return cleanText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return redacted;
  if (Array.isArray(value)) return value.map((item) => clean("", item, depth + 1));
  if (value instanceof Error) return cleanText(value.message);
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, clean(key, item, depth + 1)]));
}

/** A text without what looks like a secret. */
export function cleanText(text: string): string {
  return patterns.reduce((rest, pattern) => rest.replace(pattern, redacted), text);
}
