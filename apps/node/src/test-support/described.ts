/**
 * Whether a reply is what docs/openapi.json says. There, members of replies that are not described are
 * allowed, since clients are to ignore them; here they are not, so that whoever adds one describes it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { z } from "zod";

export interface Exchange {
  readonly method: string;
  /** With the query, if there was one. */
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, unknown>>;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const file = join(__dirname, "..", "..", "..", "..", "docs", "openapi.json");

const mediaSchema = z.looseObject({
  schema: z.looseObject({}),
  examples: z.record(z.string(), z.unknown()).optional(),
});
const responseSchema = z.looseObject({
  $ref: z.string().optional(),
  headers: z.record(z.string(), z.unknown()).optional(),
  content: z.record(z.string(), mediaSchema).optional(),
});
const operationSchema = z.looseObject({ responses: z.record(z.string(), responseSchema) });
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ responses: z.record(z.string(), responseSchema) }),
});

type Media = z.infer<typeof mediaSchema>;
type Response = z.infer<typeof responseSchema>;
type Operation = z.infer<typeof operationSchema>;

/** Headers that mean something to clients: these must be described wherever they come. */
const meaningful =
  /^(counter-.*|idempotent-.*|etag|location|link|retry-after|preference-applied|ratelimit.*|content-digest|last-modified)$/;
const problemType = "application/problem+json";

export class Description {
  readonly #document: z.infer<typeof documentSchema>;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<object, ValidateFunction>();

  constructor(text: string = readFileSync(file, "utf8")) {
    const closed: unknown = JSON.parse(text, closing);
    this.#document = documentSchema.parse(closed);
    // Formats are for people; what OpenAPI adds to JSON Schema says nothing about values.
    this.#ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    this.#ajv.addSchema({ $id: "openapi", ...this.#document });
  }

  /** What is not as described; nothing if all is. */
  complaints(exchange: Exchange): readonly string[] {
    const { method, path, status } = exchange;
    if (method === "OPTIONS" || isBetweenNodes(exchange)) return [];
    const found = this.#find(method, path.split("?")[0] ?? "");
    const said = (what: string): string => `${method} ${path} answered ${status}: ${what}`;
    // A node may be started without some calls: with --no-legacy those of the demo are not there.
    if (found === "elsewhere" || exchange.headers["counter-code"] === "not-found") return [];
    if (found === null || status === 405) return this.#asProblem(exchange).map(said);
    const response = this.#resolved(found.responses[status]);
    if (response === null)
      return [said(`no such status is described; ${exchange.text.slice(0, 200)}`)];
    return [
      ...headerComplaints(exchange, response),
      ...this.#bodyComplaints(exchange, response),
    ].map(said);
  }

  /** `null`: this path exists with other methods only. */
  #find(method: string, path: string): Operation | "elsewhere" | null {
    const parts = path.split("/");
    const matching = Object.entries(this.#document.paths).filter(([template]) => {
      const wanted = template.split("/");
      return (
        wanted.length === parts.length &&
        wanted.every((part, place) => part.startsWith("{") || part === parts[place])
      );
    });
    // A path that is spelled out wins over one with names.
    const exact = matching.find(([template]) => template === path) ?? matching[0];
    if (exact === undefined) return "elsewhere";
    const [, methods] = exact;
    const asked = method === "HEAD" ? "get" : method.toLowerCase();
    // With --compat=strict writes of the demo can be asked for by GET.
    return methods[asked] ?? (asked === "get" ? methods["post"] : undefined) ?? null;
  }

  #resolved(response: Response | undefined): Response | null {
    if (response?.$ref === undefined) return response ?? null;
    const name = response.$ref.slice(response.$ref.lastIndexOf("/") + 1);
    return this.#document.components.responses[name] ?? null;
  }

  #bodyComplaints(exchange: Exchange, { content }: Response): readonly string[] {
    const { method, text, headers } = exchange;
    const type = mediaTypeOf(headers);
    // Whoever asks for no body has none, also where others have one.
    if (text === "" && String(headers["preference-applied"]).includes("return=minimal")) return [];
    if (content === undefined) return text === "" ? [] : [`a body was not described: ${text}`];
    const media = content[type];
    if (media === undefined) return [`the media type ${type} is not described`];
    if (method === "HEAD") return [];
    if (type === problemType) return this.#problemComplaints(text, media);
    if (!type.endsWith("json")) return [];
    return this.#schemaComplaints(media.schema, text);
  }

  #problemComplaints(text: string, media: Media): readonly string[] {
    const { code } = z.looseObject({ code: z.string() }).parse(JSON.parse(text));
    const described = Object.keys(media.examples ?? {});
    const unknown = described.includes(code) ? [] : [`the problem ${code} is not described`];
    return [...unknown, ...this.#schemaComplaints(media.schema, text)];
  }

  #asProblem({ method, headers, text }: Exchange): readonly string[] {
    if (method === "HEAD" || mediaTypeOf(headers) !== problemType) return [];
    return this.#schemaComplaints({ $ref: "#/components/schemas/Problem" }, text);
  }

  #schemaComplaints(schema: object, text: string): readonly string[] {
    const validate = this.#compiled.get(schema) ?? this.#ajv.compile(inDocument(schema));
    this.#compiled.set(schema, validate);
    if (validate(JSON.parse(text))) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      return `${instancePath} ${message ?? ""} ${JSON.stringify(params)} in ${text}`;
    });
  }
}

function headerComplaints({ headers }: Exchange, response: Response): readonly string[] {
  const described = new Set(Object.keys(response.headers ?? {}).map((name) => name.toLowerCase()));
  return Object.keys(headers)
    .filter((name) => meaningful.test(name) && !described.has(name))
    .map((name) => `the header ${name} is not described`);
}

function mediaTypeOf(headers: Readonly<Record<string, unknown>>): string {
  const { "content-type": type } = headers;
  return typeof type === "string" ? type.replace(/;.*/s, "") : "";
}

/** Nodes talk to each other on paths of clients, in media types of their own or with a proof. */
function isBetweenNodes({ requestHeaders }: Exchange): boolean {
  const { accept, "content-type": type } = requestHeaders;
  if ("counter-peer-auth" in requestHeaders) return true;
  return [accept, type].some((value) => String(value).startsWith("application/vnd.counter."));
}

/** Nothing is allowed besides what is described, unless that is said. */
function closing(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (!("properties" in value) || !("type" in value) || "additionalProperties" in value)
    return value;
  return { ...value, additionalProperties: false };
}

/** References are into the document, which has a name for that. */
function inDocument(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components');
  return z.looseObject({}).parse(JSON.parse(text));
}
