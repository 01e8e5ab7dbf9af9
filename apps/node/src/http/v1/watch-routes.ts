/** Being told of changes: streams of server-sent events, and reads that wait for news. */
import { z } from "zod";

import { changedWithin, pollMaxSeconds } from "../../watch-hub/long-poll.ts";
import { requireStill } from "../../watch-hub/watch-desk.ts";
import type { Target } from "../../watch-hub/watch-hub.ts";
import type { Watching } from "../../watch-hub/watching.ts";
import { bodyMaxBytes, type ApiReply, type ApiRequest, type Route, type RouteDoc } from "../api.ts";
import { textDoc, versionHeader } from "../docs/parts.ts";
import { invalidParameter } from "../negotiation.ts";
import { waitHeaders, waitMsOf } from "../prefer.ts";
import { requireKnown } from "../query.ts";
import { getDoc } from "./docs.ts";
import { nameIn, typeFor } from "./reading.ts";
import { counterName } from "./values.ts";

const streamType = "text/event-stream";
const onePath = "/v1/counters/:name/watch";
const manyPath = "/v1/watch";
const watchRoute = { method: "GET", kind: "read", scope: "read", bodyMaxBytes } as const;

const description = `
A stream of server-sent events, which any node gives from what it has applied itself. First the state as it is, then
every later one; who reads slowly is told the latest state of each counter, and misses those in between.

- \`event: value\`, \`data: {"name","value","version","at"}\`: the counter is so now; \`at\` is when it was told.
- \`event: deleted\`, \`data: {"name","at"}\`: there is no such counter.
- \`event: synced\`, \`data: {"reset"}\`: of a prefix, everything was told.
- \`"reset": true\` in the data: what was told before may be gone; of a prefix, until \`synced\`, what is not told again is.
- \`id\`: a token, with the last of what there was to tell. With \`Last-Event-ID\` any node goes on from there.

A comment comes at least every 15 s. Before the node stops it says so in a comment, and ends the stream.
`.trim();

const lastEventId = textDoc(
  "the `id` that came last: what has not changed since is not told again",
);

const watchDoc = {
  tag: "watch",
  description,
  responses: {
    200: {
      description: "events, without an end",
      content: { [streamType]: z.string() },
      headers: versionHeader,
    },
  },
  problems: ["validation-failed", "not-acceptable", "token-foreign", "overloaded"],
} as const satisfies Partial<RouteDoc>;

const watchOneDoc: RouteDoc = {
  ...watchDoc,
  id: "watchCounter",
  params: {
    name: { description: "the counter, whether it is there yet or not", schema: counterName },
  },
  headers: { "last-event-id": lastEventId },
};

const watchManyDoc: RouteDoc = {
  ...watchDoc,
  id: "watchCounters",
  query: { prefix: textDoc("only names that begin like this") },
  headers: { "last-event-id": lastEventId },
};

/** The routes of counters, with those by which they are watched. */
export function withWatching(routes: readonly Route[], watching: Watching): readonly Route[] {
  const waiting = routes.map((route) =>
    route.operation === getDoc ? waitingForNews(route, watching) : route,
  );
  return [...waiting, ...watchRoutes(watching)];
}

/** Whether who sends this may go on with it, as soon as that may have changed. */
function standing(
  { stillMay }: Pick<Watching, "stillMay">,
  { caller, params = {}, query }: ApiRequest,
  path: string,
): () => boolean {
  if (caller === undefined) return () => true;
  return () => stillMay(caller, { ...watchRoute, path }, { params, query });
}

function watchRoutes(watching: Watching): readonly Route[] {
  const { desk, streams } = watching;
  const follow = (request: ApiRequest, path: string, target: Target): ApiReply => {
    typeFor(request, [streamType]);
    desk.requireRoom();
    const token = request.headers["last-event-id"];
    const mayStill = standing(watching, request, path);
    const place = typeof token === "string" && token !== "" ? desk.placeOf(token) : null;
    return {
      status: 200,
      headers: { "content-type": streamType, "counter-version": desk.token() },
      body: "",
      stream: (sink) => streams.serve({ target, place }, sink, mayStill),
    };
  };
  const one = (request: ApiRequest): ApiReply => {
    requireKnown(request.query, []);
    return follow(request, onePath, { kind: "counter", name: nameIn(request) });
  };
  const many = (request: ApiRequest): ApiReply => {
    requireKnown(request.query, ["prefix"]);
    const prefix = request.query.get("prefix") ?? "";
    if (prefix !== "" && !counterName.safeParse(prefix).success) {
      throw invalidParameter("prefix", "the beginning of a counter's name");
    }
    return follow(request, manyPath, { kind: "prefix", prefix });
  };
  return [
    {
      ...watchRoute,
      path: onePath,
      summary: "a counter as it changes, as server-sent events",
      operation: watchOneDoc,
      handle: one,
    },
    {
      ...watchRoute,
      path: manyPath,
      summary: "all counters as they change, or those of ?prefix=",
      operation: watchManyDoc,
      handle: many,
    },
  ];
}

/** The route that reads a counter, which now also waits for news: `?changedSince=<token>`. */
function waitingForNews(route: Route, watching: Watching): Route {
  const { desk } = watching;
  const { operation, handle } = route;
  const waiting = async (request: ApiRequest): Promise<ApiReply> => {
    const since = request.query.get("changedSince");
    if (since === null) return handle(request);
    requireKnown(request.query, [...request.query.keys()], []);
    const place = desk.placeOf(since);
    const waitMs = waitMsOf(request, 0, pollMaxSeconds);
    const mayStill = standing(watching, request, route.path);
    const poll = { name: nameIn(request), place, waitMs: waitMs ?? 0, mayStill };
    const changed = await changedWithin(desk, poll, request.onHangUp);
    requireStill(poll);
    const applied = waitHeaders(waitMs);
    if (!changed) {
      const headers = { "counter-version": desk.token(), ...applied };
      return { status: 304, headers, body: "" };
    }
    const reply = await handle(withoutWaiting(request));
    return { ...reply, headers: { ...reply.headers, ...applied } };
  };
  const changedSince = textDoc(
    "a token: 304 unless the counter has changed since; with `Prefer: wait=n` (up to 600) as soon as it has",
  );
  const unchanged = {
    description: "it is still as `If-None-Match` says, or has not changed since `changedSince`",
    headers: {
      ...operation.responses[304]?.headers,
      ...versionHeader,
      "preference-applied": "the `wait` that was taken",
    },
  };
  return {
    ...route,
    handle: waiting,
    operation: {
      ...operation,
      query: { ...operation.query, changedSince },
      responses: { ...operation.responses, 304: unchanged },
    },
  };
}

/** The read itself takes what is there. */
function withoutWaiting(request: ApiRequest): ApiRequest {
  const query = new URLSearchParams(request.query);
  query.delete("changedSince");
  const headers = { ...request.headers };
  delete headers["prefer"];
  return { ...request, query, headers };
}
