/** What each flag may hold. Every check answers with a sentence that says what to write instead. */
import { isCounterName } from "@counter/state-machine";
import { z } from "zod";

import { messageOf } from "../process/error-text.ts";
import { parseAddress } from "./addresses.ts";

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `250`, `250ms`, `5s`, `2m`, `1h`, as milliseconds between `min` and `max`. */
function duration(min: string, max: string): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const ms = parseDuration(text);
    if (ms === null) {
      context.addIssue({
        code: "custom",
        message: `"${text}" is not a time: write 500ms, 5s or 1h`,
      });
      return z.NEVER;
    }
    if (ms < parseDuration(min)! || ms > parseDuration(max)!) {
      context.addIssue({
        code: "custom",
        message: `${text} is out of range: use ${min} to ${max}`,
      });
      return z.NEVER;
    }
    return ms;
  });
}

/** @returns milliseconds; `null` if it is not a time */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12})(ms|s|m|h)?$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * durationUnits[match[2] ?? "ms"]!;
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** `65536`, `512KiB`, `64MiB`, `1GiB`, as bytes between `min` and `max`. */
function bytes(min: string, max: string): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const count = parseBytes(text);
    if (count !== null && count >= parseBytes(min)! && count <= parseBytes(max)!) return count;
    const message =
      count === null
        ? `"${text}" is not a number of bytes: write 512KiB, 64MiB or 1GiB`
        : `${text} is out of range: use ${min} to ${max}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

function parseBytes(text: string): number | null {
  const match = /^(\d{1,12})(KiB|MiB|GiB)?$/.exec(text.trim());
  return match === null ? null : Number(match[1]) * byteUnits[match[2] ?? ""]!;
}

/** `600/1m` as so many in that time, or `off`. */
const quota = z.string().transform((text, context) => {
  if (text === "off") return null;
  const [, count = "", time = ""] = /^(\d{1,7})\/(\d{0,4}(?:s|m|h))$/.exec(text.trim()) ?? [];
  const units = Number(count);
  const windowMs = parseDuration(/^\d/.test(time) ? time : `1${time}`) ?? 0;
  if (units >= 1 && units <= 1_000_000 && windowMs >= 1000 && windowMs <= 3_600_000) {
    return { units, windowMs };
  }
  const message = `"${text}" is not a limit: write 600/1m for 600 in a minute, up to 1000000 in 1s to 1h, or off`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** As browsers send it: scheme, host, and the port unless it is the usual one. */
const origin = z.string().transform((text, context) => {
  if (text === "*") return text;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && !url.host.includes("*");
  if (isPlain && url.origin === text.replace(/\/$/, "")) {
    return url.origin;
  }
  const message = `"${text}" is not an origin: write https://app.example or http://localhost:3000, or *`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** Most origins whose pages may use a node. */
export const corsOriginsMax: number = 100;

function integer(min: number, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      const message = `"${text}" is not a whole number from ${min} to ${max}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    return value;
  });
}

function oneOf<const Choice extends string>(...choices: Choice[]): z.ZodType<Choice, string> {
  return z.string().transform((text, context) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) {
      const message = `"${text}" is unknown: use ${choices.join(" or ")}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
    return found;
  });
}

function word(maxLength: number, what: string): z.ZodType<string, string> {
  return z
    .string()
    .regex(
      new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${maxLength - 1}}$`),
      `${what} is 1 to ${maxLength} letters, digits, ".", "_" or "-"`,
    );
}

const gossipPort = z.string().transform((text, context) => {
  if (text === "off") return null;
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : NaN;
  if (port >= 0 && port <= 65_535) return port;
  const message = `"${text}" is neither a port (0 to 65535) nor "off"`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** As {@link duration} has it, or `off`. */
function durationOrOff(min: string, max: string): z.ZodType<number | null, string> {
  const wanted = duration(min, max);
  return z.string().transform((text, context) => {
    if (text === "off") return null;
    const parsed = wanted.safeParse(text);
    if (parsed.success) return parsed.data;
    for (const { message } of parsed.error.issues) {
      context.addIssue({ code: "custom", message: `${message}, or off` });
    }
    return z.NEVER;
  });
}

const toggle = oneOf("on", "off").transform((choice) => choice === "on");

const address = z.string().transform((text, context) => {
  try {
    return parseAddress(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: messageOf(error) });
    return z.NEVER;
  }
});

/** Most other nodes of a first Raft configuration. */
export const raftPeersMax: number = 14;
/** Most members of a first configuration that the nodes agree on themselves. */
export const bootstrapExpectMax: number = raftPeersMax + 1;

/** Most nodes that a node of eventual mode is told of at its start. */
export const eventualPeersMax: number = 64;

/** Most counters whose values are among the metrics: each is a time series of its own. */
export const metricsCountersMax: number = 100;
const file = z.string().min(1, "a file is needed");

/** Flags and environment after they were put together: texts in, checked values out. */
export const flagsSchema = z.object({
  mode: oneOf("raft", "eventual").default("raft"),
  port: integer(1, 65_535).default(8080),
  host: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,112}$/, "write an address of this machine, without a port")
    .default("127.0.0.1"),
  advertise: address.optional(),
  peers: z.array(address).max(eventualPeersMax, `at most ${eventualPeersMax} peers`).default([]),
  join: z.array(address).max(14, "at most 14 nodes to ask").default([]),
  "bootstrap-expect": integer(1, bootstrapExpectMax).optional(),
  newnode: z.array(address).max(64, "at most 64 new nodes").default([]),
  id: word(64, "an id").optional(),
  "data-dir": z.string().min(1, "a directory is needed").optional(),
  "cluster-id": word(64, "a cluster id").optional(),
  forward: oneOf("forward", "redirect", "off").default("forward"),
  "dead-server-after": durationOrOff("10s", "8760h").default(86_400_000),
  compat: oneOf("none", "strict").default("none"),
  legacy: toggle.default(true),
  "require-idempotency-key": toggle.default(false),
  "problem-base": z
    .string()
    .regex(/^[a-z][a-z0-9+.-]{0,31}:[\x21-\x7e]{0,200}$/, "write the beginning of a URI")
    .default("urn:counter:problem:"),
  "apply-timeout": duration("50ms", "1m").default(5000),
  heartbeat: duration("50ms", "1m").default(1000),
  "anti-entropy": duration("50ms", "10m").default(1000),
  "peer-log-cap": bytes("1MiB", "4GiB").default(64 * 1024 * 1024),
  storage: oneOf("file", "memory").default("file"),
  "resume-wait": duration("0", "1m").default(1000),
  "idempotency-window": duration("1s", "168h").default(3_600_000),
  "idempotency-max": integer(1, 1_000_000).default(100_000),
  "session-timeout": duration("1s", "168h").default(3_600_000),
  "sessions-max": integer(1, 1_000_000).default(10_000),
  "keep-traces": oneOf("none", "given", "all").default("none"),
  "max-counters": integer(1, 1_000_000).default(100_000),
  "restore-max": bytes("64KiB", "4GiB").default(256 * 1024 * 1024),
  "watchers-max": integer(0, 100_000).default(1024),
  "connections-max": integer(16, 1_000_000).default(4096),
  "rate-limit": quota.default(null),
  "rate-limit-namespace": quota.default(null),
  "cors-origin": z
    .array(origin)
    .max(corsOriginsMax, `at most ${corsOriginsMax} origins`)
    .default([]),
  "gossip-port": gossipPort.optional(),
  config: file.optional(),
  metrics: oneOf("on", "off").default("on"),
  "metrics-counters": z
    .array(z.string().refine(isCounterName, "this is not the name of a counter"))
    .max(metricsCountersMax, `at most ${metricsCountersMax} counters`)
    .default([]),
  "drain-delay": duration("0", "10m").default(0),
  "gossip-key-file": file.optional(),
  "auth-file": file.optional(),
  "peer-secret-file": file.optional(),
  "tls-cert": file.optional(),
  "tls-key": file.optional(),
  "tls-ca": file.optional(),
  "tls-client-auth": oneOf("none", "optional", "require").default("none"),
  insecure: toggle.default(false),
  "shutdown-timeout": duration("100ms", "5m").default(5000),
  "log-level": oneOf("error", "warn", "info", "debug").default("info"),
  "log-format": oneOf("pretty", "json").default("pretty"),
});

export type CheckedFlags = z.infer<typeof flagsSchema>;
