/** Pages for people, made here: no script, nothing from elsewhere, nothing that must be built. */
import { createHash } from "node:crypto";

import type { ApiReply } from "../api.ts";

/** Text that is HTML already. */
export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Part = string | number | Html | readonly Html[] | null;

/** HTML of which everything that is put in is escaped, unless it is HTML itself. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let source = strings[0] ?? "";
  for (const [place, part] of parts.entries()) source += shown(part) + (strings[place + 1] ?? "");
  return new Html(source);
}

function shown(part: Part): string {
  if (part === null) return "";
  if (part instanceof Html) return part.source;
  if (typeof part === "object") return part.map(({ source }) => source).join("");
  return escaped(String(part));
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  return text.replaceAll(/[&<>"]/g, (character) => `&${names[character] ?? ""};`);
}

/** Our own texts: `code`, **bold**, paragraphs, and lists of lines that begin with `- `. */
export function prose(text: string): Html {
  const blocks = text.split(/\n{2,}|\n(?=- )/);
  const parts = blocks.map((block) =>
    block.startsWith("- ")
      ? markup`<li>${inline(block.slice(2))}</li>`
      : markup`<p>${inline(block)}</p>`,
  );
  return new Html(
    parts
      .map(({ source }) => source)
      .join("\n")
      .replaceAll(/(?:<li>.*<\/li>\n?)+/gs, asList),
  );
}

function asList(items: string): string {
  return `<ul>${items}</ul>`;
}

/** `code` and **bold** within a line. */
export function inline(text: string): Html {
  const marked = escaped(text.replaceAll("\n", " "))
    .replaceAll(/`([^`]+)`/g, "<code>$1</code>")
    .replaceAll(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");
  return new Html(marked);
}

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --accent: #7aa7ff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.6rem; } h2 { margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { margin: 0; font-size: 1rem; font-weight: 600; }
code, pre { font: .9em/1.45 ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem .8rem; overflow-x: auto; border-radius: 6px; }
p, ul { margin: .4rem 0; } ul { padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .85rem; } td:first-child { white-space: nowrap; }
nav table td:nth-child(2) { white-space: nowrap; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .5rem .8rem; }
summary { cursor: pointer; } summary h3 { display: inline; } summary span { opacity: .75; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; font-size: .85rem; color: var(--accent); }
.small { font-size: .85rem; opacity: .75; }
`;

/** Of one piece: a blank more between the marks would be another hash. */
const styleSheet = new Html(`<style>${style}</style>`);
const styleHash = createHash("sha256").update(style).digest("base64");

/** Nothing may run or be fetched; the one style sheet is known by its hash. */
const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A whole page as a reply. */
export function page(title: string, content: Html): ApiReply {
  const document = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${styleSheet}
      </head>
      <body>
        ${content}
      </body>
    </html> `;
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    },
    body: document.source,
  };
}
