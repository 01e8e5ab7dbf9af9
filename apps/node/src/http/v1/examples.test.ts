import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { TestNodes } from "../../test-support/test-node.ts";

const nodes = new TestNodes();
afterAll(() => nodes.end());

const page = join(__dirname, "..", "..", "..", "..", "..", "docs", "http.md");

interface Example {
  readonly command: string;
  readonly printed: string;
}

/** Commands of the page and what it says that they print. */
function examplesIn(text: string): readonly Example[] {
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```$/gm)].map(([, block]) => block!);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const end = part.indexOf("\n");
        return { command: part.slice(0, end), printed: part.slice(end + 1) };
      }),
  );
}

test("the examples of docs/http.md print what it says, one after the other", async () => {
  const node = await nodes.single();
  const examples = examplesIn(await readFile(page, "utf8"));
  expect(examples.length).toBeGreaterThan(5);
  for (const { command, printed } of examples) {
    const here = command.replaceAll("http://127.0.0.1:8080", node.url);
    const { stdout } = await promisify(execFile)("sh", ["-c", here]);
    const said = stdout.replace(/("node":|"traceId":|"id":)"[^"]*"/g, '$1"…"');
    expect([command, said]).toEqual([command, printed]);
  }
});
