/** What a node says about its own calls: for programs, for people, and problem by problem. */
import { z } from "zod";

import { bodyMaxBytes, type ApiReply, type Route, type RouteDoc } from "../api.ts";
import { anyObject, jsonType, textDoc } from "../docs/parts.ts";
import { apiPage } from "../pages/api-page.ts";
import { problemListPage, problemPage, wantsHtml } from "../pages/problem-pages.ts";
import { openApiDocument } from "./document.ts";

const pages = { "text/html": z.string(), "text/markdown": z.string() };

const about = { tag: "about", problems: [] } as const satisfies Partial<RouteDoc>;

const docs = {
  document: {
    ...about,
    id: "getOpenApi",
    responses: { 200: { description: "this document", content: { [jsonType]: anyObject } } },
  },
  page: {
    ...about,
    id: "getDocs",
    responses: {
      200: { description: "this document as a page", content: { "text/html": z.string() } },
    },
  },
  problems: {
    ...about,
    id: "listProblems",
    responses: { 200: { description: "every problem, a line each", content: pages } },
  },
  problem: {
    ...about,
    id: "getProblem",
    params: { code: textDoc("the `code` of a problem") },
    responses: {
      200: { description: "what it means, what was applied, what to do next", content: pages },
    },
    problems: ["not-found"],
  },
} as const satisfies Readonly<Record<string, RouteDoc>>;

/** @param others - all other routes of the node */
export function documentRoutes(others: readonly Route[]): readonly Route[] {
  const common = { method: "GET", kind: "probe", scope: "none", bodyMaxBytes } as const;
  const summary = "this API as an OpenAPI 3.1 document";
  // Made when it is asked for first: few nodes ever are.
  let made: string | null = null;
  const document = (): string => (made ??= `${JSON.stringify(openApiDocument(all), null, 2)}\n`);
  let shown: ApiReply | null = null;
  const routes: readonly Route[] = [
    {
      ...common,
      path: "/openapi.json",
      summary,
      operation: docs.document,
      handle: () => ({ status: 200, headers: { "content-type": jsonType }, body: document() }),
    },
    {
      ...common,
      path: "/docs",
      summary: "this API as a page",
      operation: docs.page,
      handle: () => (shown ??= apiPage(openApiDocument(all))),
    },
    {
      ...common,
      path: "/problems",
      summary: "every problem that an error may name",
      operation: docs.problems,
      handle: ({ headers }) => problemListPage(wantsHtml(headers.accept)),
    },
    {
      ...common,
      path: "/problems/:code",
      summary: "what a problem means, and what to do about it",
      operation: docs.problem,
      handle: ({ headers, params }) =>
        problemPage(params?.["code"] ?? "", wantsHtml(headers.accept)),
    },
  ];
  const all = [...routes, ...others];
  return routes;
}
