// Do the links in our pages lead somewhere? Every relative link of every *.md has to name a file or
// folder of the repository, and its #fragment a heading there.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import MarkdownIt from "markdown-it";
import { root } from "./packages.mjs";

const markdown = new MarkdownIt({ html: true });

/** Tokens of a page, those inside of paragraphs and cells included. */
function tokensOf(file) {
  return markdown.parse(readFileSync(file, "utf8"), {}).flatMap((token) => {
    return [token, ...(token.children ?? [])];
  });
}

/** What a heading is called in an address: as code hosts make it. */
const slugOf = (text) =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");

const known = new Map();
function anchorsOf(file) {
  let anchors = known.get(file);
  if (anchors !== undefined) return anchors;
  anchors = new Set();
  const tokens = tokensOf(file);
  for (const [at, { type }] of tokens.entries()) {
    if (type !== "heading_open") continue;
    const inline = tokens[at + 1].children.filter((one) =>
      ["text", "code_inline"].includes(one.type),
    );
    const slug = slugOf(inline.map(({ content }) => content).join(""));
    let name = slug;
    for (let again = 1; anchors.has(name); again += 1) name = `${slug}-${again}`;
    anchors.add(name);
  }
  known.set(file, anchors);
  return anchors;
}

/** Why a link leads nowhere; null if it leads somewhere, or out of the repository. */
function problemOf(file, href) {
  if (/^[a-z][a-z0-9+.-]*:/.test(href)) return null;
  const [path, fragment] = decodeURIComponent(href).split("#");
  const target = path === "" ? file : resolve(dirname(file), path);
  if (relative(root, target).startsWith("..")) return "is outside of the repository";
  if (!existsSync(target)) return "is not there";
  if (fragment === undefined || !target.endsWith(".md") || statSync(target).isDirectory())
    return null;
  return anchorsOf(target).has(fragment) ? null : "has no such heading";
}

const list = ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"];
const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).trim().split("\n");
let links = 0;
let broken = 0;
for (const name of files) {
  const file = join(root, name);
  if (!existsSync(file)) continue;
  for (const token of tokensOf(file)) {
    const href = token.type === "link_open" ? token.attrGet("href") : null;
    const source = href ?? (token.type === "image" ? token.attrGet("src") : null);
    if (source === null) continue;
    links += 1;
    const problem = problemOf(file, source);
    if (problem === null) continue;
    broken += 1;
    console.error(`${name}: ${source} ${problem}`);
  }
}
console.log(`${links} links in ${files.length} pages, ${broken} broken`);
if (broken > 0) process.exitCode = 1;
