/** Counters under `/v1`: making, reading, listing and changing them. */
import { requireTouch } from "../../security/route-scope.ts";
import { bodyMaxBytes, type ApiReply, type ApiRequest, type Route } from "../api.ts";
import { jsonType, textType } from "../docs/parts.ts";
import { invalidParameter } from "../negotiation.ts";
import { requireKnown } from "../query.ts";
import type { V1Calls } from "./calls.ts";
import * as docs from "./docs.ts";
import { bodyOf, nameIn, numberIn, tagsIn, typeFor } from "./reading.ts";
import * as schemas from "./schemas.ts";
import { counterName, modeIn, type CounterMode } from "./values.ts";
import type { Writing } from "./writing.ts";

const path = "/v1/counters";
const one = `${path}/:name`;

/** Most counters of one page. */
export const pageMax: number = 1000;
const pageUsual = 100;

const write = { method: "POST", kind: "write", scope: "write", bodyMaxBytes } as const;
const read = { method: "GET", kind: "read", scope: "read", bodyMaxBytes } as const;

export function counterRoutesV1(calls: V1Calls, writing: Writing): readonly Route[] {
  return [
    listRoute(calls),
    createRoute(calls, writing),
    getRoute(calls),
    patchRoute(calls, writing),
    deleteRoute(calls, writing),
    ...addRoutes(calls, writing),
    nextRoute(calls, writing),
    ...setRoutes(calls, writing),
    ...insightRoutes(calls),
  ];
}

function listRoute(calls: V1Calls): Route {
  const handle = async (request: ApiRequest): Promise<ApiReply> => {
    const { query } = request;
    requireKnown(query, ["prefix", "limit", "cursor", "mode", ...calls.readQuery]);
    typeFor(request, [jsonType]);
    const prefix = query.get("prefix") ?? "";
    if (prefix !== "" && !counterName.safeParse(prefix).success) {
      throw invalidParameter("prefix", "the beginning of a counter's name");
    }
    const limit = numberIn(query, "limit", { least: 1, most: pageMax, usual: pageUsual });
    const cursor = query.get("cursor");
    const after = cursor === null ? null : nameOf(cursor);
    const ours = modesOf(query).includes(calls.mode);
    const { body, headers } = await calls.list({ request, prefix, limit, after });
    if (!ours) return reply({ items: [], next: null }, headers);
    const next = body.last === null ? null : cursorOf(body.last);
    const page: schemas.CounterListBody = { items: [...body.items], next };
    const link = next === null ? {} : { link: `<${nextPage(query, next)}>; rel="next"` };
    return reply(page, { ...headers, ...link });
  };
  const summary = "all counters, page by page; ?prefix= &limit= &cursor= &mode=";
  return { ...read, path, summary, operation: docs.listDoc, handle };
}

/** A cluster has counters of one mode: it has all that are asked for, or none. */
function modesOf(query: URLSearchParams): readonly CounterMode[] {
  const word = query.get("mode");
  if (word === null) return ["strong", "eventual"];
  const { data } = modeIn.safeParse(word);
  if (data === undefined) throw invalidParameter("mode", "strong (or raft), or eventual");
  return [data];
}

/** Opaque to clients, so that it may become something else than a name. */
function cursorOf(name: string): string {
  return Buffer.from(name).toString("base64url");
}

function nameOf(cursor: string): string {
  const name = Buffer.from(cursor.slice(0, 256), "base64url").toString();
  if (counterName.safeParse(name).success && cursorOf(name) === cursor) return name;
  throw invalidParameter("cursor", "what `next` of the page before said");
}

function nextPage(query: URLSearchParams, cursor: string): string {
  const next = new URLSearchParams(query);
  next.set("cursor", cursor);
  return `${path}?${next.toString()}`;
}

function createRoute(calls: V1Calls, writing: Writing): Route {
  const handle = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const args = bodyOf(request, schemas.createSchema);
    const { name } = args;
    requireTouch(request.caller, name);
    const headers = { location: `${path}/${name}` };
    const spec = { request, operation: "create", name, args, conditional: false };
    return writing.answer({ ...spec, status: 201, headers }, (call) => calls.create(call));
  };
  const summary = 'makes a counter, {"name", "kind", "initial", "min", "max", "step", "ttl", …}';
  const names = (request: ApiRequest): string[] => [bodyOf(request, schemas.createSchema).name];
  return { ...write, path, summary, operation: docs.createDoc, names, handle };
}

function getRoute(calls: V1Calls): Route {
  const handle = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.readQuery);
    const type = typeFor(request, [jsonType, textType]);
    const name = nameIn(request);
    const tags = request.headers["if-none-match"];
    const known =
      tags === undefined ? null : tags.trim() === "*" ? "*" : tagsIn("If-None-Match", tags);
    const { body, headers } = await calls.read(request, name);
    const vary = { ...headers, vary: "accept" };
    // The weak comparison, as RFC 9110 §13.1.2 has it.
    const etag = weak(headers["etag"] ?? "");
    if (known === "*" || known?.some((tag) => weak(tag) === etag)) {
      return { status: 304, headers: vary, body: "" };
    }
    if (type === jsonType) return reply(body, vary);
    const plain = { ...vary, "content-type": "text/plain; charset=utf-8" };
    return { status: 200, headers: plain, body: `${body.value}\n` };
  };
  const summary = "a counter; ?consistency=…; as text its value";
  return { ...read, path: one, summary, operation: docs.getDoc, handle };
}

function weak(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}

function patchRoute(calls: V1Calls, writing: Writing): Route {
  const handle = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const args = bodyOf(request, schemas.patchSchema, [docs.mergePatchType]);
    const spec = { request, operation: "patch", name, args, conditional: true };
    return writing.answer(spec, (call) => calls.patch(call));
  };
  const summary = "changes its settings: what is null goes, what is not named stays";
  return { ...write, method: "PATCH", path: one, summary, operation: docs.patchDoc, handle };
}

function deleteRoute(calls: V1Calls, writing: Writing): Route {
  const handle = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    bodyOf(request, schemas.nothingSchema);
    const spec = { request, operation: "delete", name, args: null, conditional: true };
    return writing.answer(spec, (call) => calls.remove(call));
  };
  const summary = "deletes it; numbers that it handed out stay used";
  return { ...write, method: "DELETE", path: one, summary, operation: docs.deleteDoc, handle };
}

function addRoutes(calls: V1Calls, writing: Writing): readonly Route[] {
  const add = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const args = bodyOf(request, schemas.addSchema);
    const spec = { request, operation: "add", name, args, conditional: false };
    return writing.answer(spec, (call) => calls.add(call));
  };
  const by = (operation: "increment" | "decrement") => (request: ApiRequest) => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const { by: amount = 1n } = bodyOf(request, schemas.stepSchema);
    const args = { delta: operation === "increment" ? amount : -amount };
    const spec = { request, operation, name, args, conditional: false };
    return writing.answer(spec, (call) => calls.add(call));
  };
  return [
    {
      ...write,
      path: `${one}/add`,
      summary: 'adds {"delta"}, which may be negative',
      operation: docs.addDoc,
      handle: add,
    },
    {
      ...write,
      path: `${one}/increment`,
      summary: 'adds 1, or {"by"}',
      operation: docs.incrementDoc,
      handle: by("increment"),
    },
    {
      ...write,
      path: `${one}/decrement`,
      summary: 'takes 1 away, or {"by"}',
      operation: docs.decrementDoc,
      handle: by("decrement"),
    },
  ];
}

function nextRoute(calls: V1Calls, writing: Writing): Route {
  const handle = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const { count = 1n } = bodyOf(request, schemas.nextSchema);
    const spec = { request, operation: "next", name, args: { count }, conditional: false };
    return writing.answer(spec, (call) => calls.next(call));
  };
  const summary = 'hands out the next number, or {"count"} of them';
  return { ...write, path: `${one}/next`, summary, operation: docs.nextDoc, handle };
}

function setRoutes(calls: V1Calls, writing: Writing): readonly Route[] {
  const cas = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const args = bodyOf(request, schemas.casSchema);
    const spec = { request, operation: "cas", name, args, conditional: true };
    return writing.answer(spec, (call) => calls.cas(call));
  };
  const set = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const args = bodyOf(request, schemas.setSchema);
    const spec = { request, operation: "set", name, args, conditional: true };
    return writing.answer(spec, (call) => calls.set(call));
  };
  const reset = (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, calls.writeQuery);
    const name = nameIn(request);
    const { to = null } = bodyOf(request, schemas.resetSchema);
    const spec = { request, operation: "reset", name, args: { to }, conditional: true };
    return writing.answer(spec, (call) => calls.reset(call));
  };
  return [
    {
      ...write,
      path: `${one}/cas`,
      summary: 'makes it {"value"} if it is {"expected"}',
      operation: docs.casDoc,
      handle: cas,
    },
    {
      ...write,
      method: "PUT",
      path: `${one}/value`,
      summary: 'makes it {"value"}; If-Match: <etag>',
      operation: docs.setDoc,
      handle: set,
    },
    {
      ...write,
      path: `${one}/reset`,
      summary: 'back to its initial value, or to {"to"}',
      operation: docs.resetDoc,
      handle: reset,
    },
  ];
}

function insightRoutes(calls: V1Calls): readonly Route[] {
  const contributions = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    const { body, headers } = await calls.contributions(request, nameIn(request));
    return reply(body, headers);
  };
  const conflicts = async (request: ApiRequest): Promise<ApiReply> => {
    requireKnown(request.query, []);
    const { body, headers } = await calls.conflicts(request, nameIn(request));
    return reply(body, headers);
  };
  return [
    {
      ...read,
      path: `${one}/contributions`,
      summary: "who added how much (eventual mode)",
      operation: docs.contributionsDoc,
      handle: contributions,
    },
    {
      ...read,
      path: `${one}/conflicts`,
      summary: "keys that were used for different things (eventual mode)",
      operation: docs.conflictsDoc,
      handle: conflicts,
    },
  ];
}

function reply(body: object, headers: Readonly<Record<string, string>>): ApiReply {
  const own = { ...headers, "content-type": jsonType };
  return { status: 200, headers: own, body: `${JSON.stringify(body)}\n` };
}
