/**
 * The OpenAPI 3.1 document, made of what the routes say of themselves. Requests are read by the same
 * schemas, and replies are held against the document in tests: it cannot say what is not so.
 */
import { isLimited } from "../../limits/rate-limits.ts";
import type { BodyDoc, ParameterDoc, ResponseDoc, Route } from "../api.ts";
import { problemCodes, problemKinds, type ProblemCode } from "../problem-kinds.ts";
import { commonProblems } from "./common-problems.ts";
import {
  apiVersion,
  commonHeaders,
  introduction,
  rateLimitHeaders,
  tagTexts,
} from "./introduction.ts";
import { problemExample, problemHeaders, problemSchema } from "./problem-docs.ts";
import { SchemaSet, type Json } from "./schema-set.ts";

const problemType = "application/problem+json";

/** Headers that are not written with one capital a word. */
const spellings: Readonly<Record<string, string>> = {
  etag: "ETag",
  "last-event-id": "Last-Event-ID",
  ratelimit: "RateLimit",
  "ratelimit-policy": "RateLimit-Policy",
  "www-authenticate": "WWW-Authenticate",
};

/** What operations have in common, collected while they are described. */
interface Shared {
  readonly schemas: SchemaSet;
  /** Problems of one status, by the codes that it may have. */
  readonly responses: Map<string, Json>;
}

/**
 * The same for every node of a release, whatever its mode: what only one mode can do says so.
 *
 * @param routes - all of a node; those between nodes are left out
 */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas = new SchemaSet();
  const shared: Shared = { schemas, responses: new Map() };
  const shown = routes.filter(({ scope }) => scope !== "peer");
  const paths = new Map<string, Record<string, Json>>();
  for (const route of shown) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    const methods = paths.get(path) ?? {};
    methods[route.method.toLowerCase()] = operationOf(route, shared);
    paths.set(path, methods);
  }
  const problem = schemas.output(problemSchema);
  const tags = tagTexts.filter(({ name }) => shown.some(({ operation }) => operation.tag === name));
  return {
    openapi: "3.1.1",
    info: {
      title: "A replicated counter",
      version: apiVersion,
      description: introduction,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "the node that you ask" }],
    tags,
    paths: Object.fromEntries(paths),
    components: {
      schemas: { ...schemas.named(), Problem: problem },
      responses: {
        ElsewhereAsked: elsewhereAsked,
        ...Object.fromEntries([...shared.responses].sort(byName)),
      },
      headers: headersOf({ ...commonHeaders, ...problemHeaders }),
      examples: examples(),
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "a token of the node's list; nodes without such a list let everybody in",
        },
      },
    },
  };
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function operationOf(route: Route, shared: Shared): Json {
  const { schemas } = shared;
  const { operation, scope } = route;
  const parameters = [
    ...parametersOf("path", operation.params, schemas),
    ...parametersOf("query", operation.query, schemas),
    ...parametersOf("header", operation.headers, schemas),
  ];
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary ?? route.summary,
    ...(operation.modes === undefined ? {} : { "x-counter-modes": operation.modes }),
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined ? {} : { requestBody: bodyOf(operation.body, schemas) }),
    responses: responsesOf(route, shared),
    // Without a list of tokens nobody has to bring one.
    security: scope === "none" ? [] : [{ bearer: [scope] }, {}],
  };
}

function parametersOf(
  place: "path" | "query" | "header",
  docs: Readonly<Record<string, ParameterDoc>> = {},
  schemas: SchemaSet,
): Json[] {
  return Object.entries(docs).map(([name, { description, schema }]) => {
    return {
      name: place === "header" ? headerName(name) : name,
      in: place,
      ...(place === "path" ? { required: true } : {}),
      description,
      schema: schemas.input(schema),
    };
  });
}

function bodyOf({ schema, mediaTypes, required }: BodyDoc, schemas: SchemaSet): Json {
  const content = mediaTypes.map((type) => [type, { schema: schemas.input(schema) }] as const);
  return { required, content: Object.fromEntries(content) };
}

function responsesOf(route: Route, shared: Shared): Json {
  const { responses, problems } = route.operation;
  const byStatus = new Map<number, Json>();
  for (const [status, doc] of Object.entries(responses)) {
    byStatus.set(Number(status), responseOf(doc, headersOfAny(route), shared.schemas));
  }
  // A probe is answered by this node, whatever happens.
  if (route.kind !== "probe") byStatus.set(307, { $ref: "#/components/responses/ElsewhereAsked" });
  const codes = new Map<number, ProblemCode[]>();
  for (const code of new Set([...problems, ...commonProblems(route)])) {
    const { status } = problemKinds[code];
    codes.set(status, [...(codes.get(status) ?? []), code]);
  }
  for (const [status, possible] of codes) {
    const already = byStatus.get(status);
    if (already === undefined) {
      byStatus.set(
        status,
        sharedProblems(status, possible, { route, responses: shared.responses }),
      );
    } else {
      byStatus.set(status, withProblems(already, possible, route));
    }
  }
  const sorted = [...byStatus].sort(([left], [right]) => left - right);
  return Object.fromEntries(sorted.map(([status, response]) => [String(status), response]));
}

/** Those of every reply to such a call. */
function headersOfAny(route: Route): Readonly<Record<string, string>> {
  return isLimited(route) ? { ...commonHeaders, ...rateLimitHeaders } : commonHeaders;
}

function responseOf(
  { description, content = {}, headers = {} }: ResponseDoc,
  common: Readonly<Record<string, string>>,
  schemas: SchemaSet,
): Json {
  const bodies = Object.entries(content).map(
    ([type, schema]) => [type, { schema: schemas.output(schema) }] as const,
  );
  return {
    description,
    headers: { ...references(common), ...headersOf(headers) },
    ...(bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
  };
}

/** Where a node does not pass requests on, or was asked not to. */
const elsewhereAsked: Json = {
  description:
    "the leader is to be asked, with the same method and body: with `?redirect` or `--forward=redirect`",
  headers: {
    ...references({ ...commonHeaders, ...rateLimitHeaders }),
    ...headersOf({ location: "the same call at the leader", "counter-leader": "its `host:port`" }),
  },
  content: { "text/plain": { schema: { type: "string" } } },
};

/** Problems of one status, described once for all operations that have the same ones. */
function sharedProblems(
  status: number,
  codes: readonly ProblemCode[],
  { route, responses }: { readonly route: Route } & Pick<Shared, "responses">,
): Json {
  const name = [status, ...codes, ...(isV1(route) ? [] : ["text"])].join(".");
  if (!responses.has(name)) responses.set(name, withProblems({}, codes, route));
  return { $ref: `#/components/responses/${name}` };
}

/** Below /v1 errors are always JSON; elsewhere who does not ask for JSON reads a line of text. */
function isV1({ path }: Route): boolean {
  return path.startsWith("/v1/");
}

/** A status that stands for problems, whether it stands for something else as well or not. */
function withProblems(already: Json, codes: readonly ProblemCode[], route: Route): Json {
  const named = codes.map((code) => `\`${code}\``).join(", ");
  const schema = { $ref: "#/components/schemas/Problem" };
  const shown = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }] as const);
  const problem = { [problemType]: { schema, examples: Object.fromEntries(shown) } };
  const text = isV1(route) ? {} : { "text/plain": { schema: { type: "string" } } };
  const { description, headers = {}, content = {} } = already;
  return {
    description: typeof description === "string" ? `${description}; or ${named}` : named,
    headers: { ...references({ ...commonHeaders, ...problemHeaders }), ...Object(headers) },
    content: { ...text, ...Object(content), ...problem },
  };
}

function examples(): Json {
  return Object.fromEntries(problemCodes().map((code) => [code, problemExample(code)] as const));
}

function headersOf(headers: Readonly<Record<string, string>>): Json {
  const described = Object.entries(headers).map(([name, description]) => {
    return [headerName(name), { description, schema: { type: "string" } }] as const;
  });
  return Object.fromEntries(described);
}

function references(headers: Readonly<Record<string, string>>): Json {
  const names = Object.keys(headers).map(headerName);
  return Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/headers/${name}` }] as const),
  );
}

/** `counter-at-least` as people write it. */
function headerName(name: string): string {
  const other = spellings[name];
  if (other !== undefined) return other;
  return name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}
