/** `/problems` and `/problems/<code>`: what went wrong, what became of the write, what to do next. */
import type { ApiReply } from "../api.ts";
import { problemTexts } from "../problem-texts/problem-texts.ts";
import type { ProblemText } from "../problem-texts/problem-text.ts";
import {
  isProblemCode,
  problemCodes,
  problemKinds,
  type Outcome,
  type ProblemCode,
} from "../problem-kinds.ts";
import { Problem } from "../problems.ts";
import { markup, inline, page, prose } from "./html.ts";

/** What became of a write that was answered with it. */
const outcomeTexts: Readonly<Record<Outcome, string>> = {
  "not-applied": "Nothing has happened, and nothing will because of this request.",
  applied: "The write has taken effect.",
  unknown: "Nobody knows: the write may have taken effect, or may still.",
};

interface Described {
  readonly code: ProblemCode;
  readonly text: ProblemText;
  readonly status: number;
  readonly title: string;
  readonly outcome: Outcome;
  readonly retryable: boolean;
}

function describe(code: ProblemCode): Described {
  return { code, text: problemTexts[code], ...problemKinds[code] };
}

function all(): readonly Described[] {
  return problemCodes().map(describe);
}

/** Who reads HTML says so; everybody else reads Markdown, which is text. */
export function wantsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\b/.test(accept.slice(0, 1024));
}

function markdown(body: string): ApiReply {
  return { status: 200, headers: { "content-type": "text/markdown; charset=utf-8" }, body };
}

export function problemListPage(asHtml: boolean): ApiReply {
  if (!asHtml) {
    const lines = all().map(({ code, status, text }) => {
      return `- ${status} [\`${code}\`](/problems/${code}): ${text.meaning}\n`;
    });
    return markdown(`# Problems\n\n${lines.join("")}`);
  }
  const rows = all().map(
    ({ code, status, text }) =>
      markup`<tr>
        <td>
          <a href="/problems/${code}"><code>${code}</code></a>
        </td>
        <td>${status}</td>
        <td>${inline(text.meaning)}</td>
      </tr> `,
  );
  return page(
    "Problems",
    markup`<h1>Problems</h1>
      <p>Every error has one of these codes. <a href="/docs">All calls</a></p>
      <table>
        <tr>
          <th>code</th>
          <th>status</th>
          <th>what it means</th>
        </tr>
        ${rows}
      </table>`,
  );
}

/** @throws Problem `not-found` for a code that no problem has */
export function problemPage(code: string, asHtml: boolean): ApiReply {
  if (!isProblemCode(code)) {
    throw new Problem(
      "not-found",
      `there is no problem ${code.slice(0, 64)}; /problems lists them`,
    );
  }
  const { status, title, outcome, retryable, text } = describe(code);
  const meaning = `${text.meaning.slice(0, 1).toUpperCase()}${text.meaning.slice(1)}.`;
  const retry = retryable ? "The same request may succeed later." : "";
  const applied = `${outcomeTexts[outcome]} ${retry}`.trim();
  if (!asHtml) {
    return markdown(
      `# ${title}\n\nStatus ${status}, code \`${code}\`. ${meaning}\n\n## Was it applied?\n\n${applied}\n\n## What to do\n\n${text.advice}\n\n## For example\n\n    ${text.example}\n`,
    );
  }
  return page(
    title,
    markup`<p class="small"><a href="/problems">all problems</a> · <a href="/docs">all calls</a></p>
      <h1>${title}</h1>
      <p>Status ${status}, code <code>${code}</code>, outcome <code>${outcome}</code></p>
      ${prose(meaning)}
      <h2>Was it applied?</h2>
      ${prose(applied)}
      <h2>What to do</h2>
      ${prose(text.advice)}
      <h2>For example</h2>
      <pre>${text.example}</pre>`,
  );
}
