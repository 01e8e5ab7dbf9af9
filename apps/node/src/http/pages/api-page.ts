/** `/docs`: the document of the API as a page, without a script. */
import type { ApiReply } from "../api.ts";
import type { Json } from "../openapi/schema-set.ts";
import { isProblemCode } from "../problem-kinds.ts";
import { Html, inline, markup, page, prose } from "./html.ts";
import { schemaText } from "./schema-text.ts";

const methods = ["get", "post", "put", "patch", "delete"] as const;

interface Shown {
  readonly method: string;
  readonly path: string;
  readonly operation: Json;
}

/** @param document - OpenAPI 3.1, as this release makes it */
export function apiPage(document: Json): ApiReply {
  const info = object(document["info"]);
  const all = operationsOf(document);
  const ofTag = (name: string): readonly Shown[] =>
    all.filter(({ operation }) => strings(operation["tags"]).includes(name));
  const tags = list(document["tags"]);
  const operations = tags.flatMap((tag) => ofTag(text(tag["name"])));
  const sections = tags.map((tag) => {
    const name = text(tag["name"]);
    const own = ofTag(name);
    return markup`<h2 id="${name}">${name}</h2>
      ${prose(text(tag["description"]))} ${own.map((shown) => operationBlock(shown, document))}`;
  });
  const rows = operations.map(
    ({ method, path, operation }) =>
      markup`<tr>
        <td>${method}</td>
        <td>
          <a href="#${text(operation["operationId"])}"><code>${path}</code></a>
        </td>
        <td>${inline(text(operation["summary"]))}</td>
      </tr> `,
  );
  const schemas = Object.entries(object(object(document["components"])["schemas"])).map(
    ([name, schema]) =>
      markup`<details id="schema-${name}">
        <summary><h3>${name}</h3></summary>
        <pre>${schemaText(object(schema))}</pre>
      </details> `,
  );
  return page(
    text(info["title"]),
    markup`<h1>${text(info["title"])}</h1>
      <p class="small">
        API ${text(info["version"])} · <a href="/openapi.json">openapi.json</a> ·
        <a href="/problems">problems</a>
      </p>
      ${prose(text(info["description"]))}
      <nav>
        <table>
          ${rows}
        </table>
      </nav>
      ${sections}
      <h2 id="schemas">bodies</h2>
      ${schemas}`,
  );
}

function operationsOf(document: Json): readonly Shown[] {
  const shown: Shown[] = [];
  for (const [path, item] of Object.entries(object(document["paths"]))) {
    for (const method of methods) {
      const operation = object(item)[method];
      if (operation === undefined) continue;
      shown.push({ method: method.toUpperCase(), path, operation: object(operation) });
    }
  }
  return shown;
}

function operationBlock({ method, path, operation }: Shown, document: Json): Html {
  const id = text(operation["operationId"]);
  const description = text(operation["description"]);
  return markup`<details id="${id}">
    <summary>
      <h3><span class="method">${method}</span> <code>${path}</code></h3>
      <span>${inline(text(operation["summary"]))}</span>
    </summary>
    ${description === "" ? null : prose(description)} ${scopeLine(operation)}
    ${parameterTable(operation)} ${requestBlock(operation, document)} ${responseTable(operation, document)}
  </details> `;
}

function scopeLine(operation: Json): Html {
  const [first] = list(operation["security"]);
  if (first === undefined) return markup`<p class="small">Nobody is asked for a token.</p>`;
  const scopes = strings(first["bearer"]).join(", ");
  return markup`<p class="small">
    Scope of the token, where tokens are used: <code>${scopes}</code>. Operation
    <code>${text(operation["operationId"])}</code>.
  </p>`;
}

function parameterTable(operation: Json): Html | null {
  const parameters = list(operation["parameters"]);
  if (parameters.length === 0) return null;
  const rows = parameters.map(
    (parameter) =>
      markup`<tr>
        <td><code>${text(parameter["name"])}</code></td>
        <td>${text(parameter["in"])}</td>
        <td>${inline(text(parameter["description"]))}</td>
      </tr> `,
  );
  return markup`<table>
    <tr>
      <th>takes</th>
      <th>in</th>
      <th></th>
    </tr>
    ${rows}
  </table>`;
}

function requestBlock(operation: Json, document: Json): Html | null {
  const body = object(operation["requestBody"]);
  const types = Object.entries(object(body["content"]));
  const [first] = types;
  if (first === undefined) return null;
  const names = types.map(([type]) => type).join(", ");
  const need = body["required"] === true ? "needed" : "may be left out";
  return markup`<p class="small">Body (${need}): ${names}</p>
    <pre>${schemaText(resolved(object(first[1])["schema"], document))}</pre>`;
}

function responseTable(operation: Json, document: Json): Html {
  const rows = Object.entries(object(operation["responses"])).map(([status, answer]) => {
    const response = resolved(answer, document);
    const types = Object.entries(object(response["content"]));
    const bodies = types
      .filter(([type]) => type !== "application/problem+json")
      .map(([type, media]) => {
        const shape = schemaText(resolved(object(media)["schema"], document));
        return markup`<pre>
${type}
${shape}</pre>`;
      });
    const shown = Number(status) < 400 ? bodies : [];
    return markup`<tr>
      <td>${status}</td>
      <td>${linked(text(response["description"]))}${shown}</td>
    </tr> `;
  });
  return markup`<table>
    <tr>
      <th>answers</th>
      <th></th>
    </tr>
    ${rows}
  </table>`;
}

/** What is described elsewhere in the document, and named here. */
function resolved(value: unknown, document: Json): Json {
  const { $ref: reference } = object(value);
  if (typeof reference !== "string") return object(value);
  const steps = reference.split("/").slice(1);
  return object(steps.reduce<unknown>((part, step) => object(part)[step], document));
}

/** The codes of problems lead to their pages. */
function linked(description: string): Html {
  const { source } = prose(description);
  return new Html(
    source.replaceAll(/<code>([a-z-]+)<\/code>/g, (all, code: string) =>
      isProblemCode(code) ? `<a href="/problems/${code}">${all}</a>` : all,
    ),
  );
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
