import { createHash } from "node:crypto";

import supertest from "supertest";

import { TestNodes } from "../../test-support/test-node.ts";
import { problemCodes, problemKinds } from "../problem-kinds.ts";
import { problemTexts } from "../problem-texts/problem-texts.ts";
import { markup, prose } from "./html.ts";
import { schemaText } from "./schema-text.ts";

const nodes = new TestNodes();
let url = "";

beforeAll(async () => {
  ({ url } = await nodes.single());
});

afterAll(() => nodes.end());

describe("the page of the API", () => {
  test("shows every call of the document, with what it takes and answers", async () => {
    const page = await supertest(url).get("/docs");
    expect(page.status).toBe(200);
    const { paths } = JSON.parse((await supertest(url).get("/openapi.json")).text) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    expect(operations.length).toBeGreaterThan(20);
    for (const { operationId } of operations) expect(page.text).toContain(`id="${operationId}"`);
    expect(page.text).not.toMatch(/undefined|\[object/);
  });

  test("runs nothing and fetches nothing", async () => {
    const { headers, text } = await supertest(url).get("/docs");
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": expect.stringMatching(
        /^default-src 'none'; style-src 'sha256-[^']+';/,
      ) as unknown,
      "x-content-type-options": "nosniff",
    });
    const [, sheet = ""] = /<style>([^]*?)<\/style>/.exec(text) ?? [];
    const hash = createHash("sha256").update(sheet).digest("base64");
    expect(headers["content-security-policy"]).toContain(`'sha256-${hash}'`);
    expect(text).not.toMatch(/<script|<img|<link|src=|@import|https?:\/\//);
    expect(text).not.toMatch(/ style=| on[a-z]+=/); // the policy would forbid them
  });
});

describe("the pages of problems", () => {
  test("there is one for each code, for people and as text, and it says what to do", async () => {
    for (const code of problemCodes()) {
      const page = await supertest(url).get(`/problems/${code}`).set("accept", "text/html");
      expect([code, page.status]).toEqual([code, 200]);
      expect(page.text).toContain(`<code>${problemKinds[code].outcome}</code>`);
      const text = await supertest(url).get(`/problems/${code}`);
      expect(text.headers["content-type"]).toBe("text/markdown; charset=utf-8");
      expect(text.text).toContain(problemTexts[code].advice);
      expect(text.text).toContain(problemTexts[code].meaning.slice(1));
    }
  });

  test("there is no text for a code that no problem has", () => {
    expect(Object.keys(problemTexts).sort()).toEqual([...problemCodes()].sort());
  });

  test("texts are sentences: clauses without a stop, advice with one", () => {
    for (const code of problemCodes()) {
      const { meaning, advice } = problemTexts[code];
      expect(meaning).toMatch(/^[a-z`].*[^.]$/);
      expect(advice).toMatch(/^[A-Z`][^]*[.]$/);
    }
  });

  test("the list links to all of them; a code that does not exist is not found", async () => {
    const list = await supertest(url).get("/problems").set("accept", "text/html");
    const text = await supertest(url).get("/problems");
    for (const code of problemCodes()) {
      expect(list.text).toContain(`href="/problems/${code}"`);
      expect(text.text).toContain(`(/problems/${code})`);
    }
    const missing = await supertest(url).get("/problems/constructor");
    expect([missing.status, missing.headers["counter-code"]]).toEqual([404, "not-found"]);
  });
});

describe("making pages", () => {
  test("what is put in is escaped, also within marks", () => {
    expect(markup`<b>${'<a href="x">&'}</b>`.source).toBe(
      "<b>&lt;a href=&quot;x&quot;&gt;&amp;</b>",
    );
    expect(prose("a `<b>` **c**").source).toBe(
      "<p>a <code>&lt;b&gt;</code> <strong>c</strong></p>",
    );
  });

  test("lines that begin with a dash are a list", () => {
    expect(prose("one\n- a\n- b\n\ntwo").source).toBe(
      "<p>one</p>\n<ul><li>a</li>\n<li>b</li>\n</ul><p>two</p>",
    );
  });

  test.each([
    [{ type: "string" }, "string"],
    [{ enum: ["a", "b"] }, '"a" | "b"'],
    [{ anyOf: [{ $ref: "#/components/schemas/Counter" }, { type: "null" }] }, "Counter | null"],
    [{ type: "array", items: { type: "integer" } }, "[integer, …]"],
    [
      { type: "object", properties: { a: { type: "string" }, b: {} }, required: ["a"] },
      "{\n  a: string\n  b?: anything\n}",
    ],
    [{ type: "object", additionalProperties: { type: "string" } }, "{\n  [name]: string\n}"],
  ])("the schema %j reads %s", (schema, text) => {
    expect(schemaText(schema)).toBe(text);
  });
});
