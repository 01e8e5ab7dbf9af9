import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { newFolder } from "../test-support/stored-node.ts";
import { KeyringFile } from "./keyring-file.ts";

const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(16, 2)];
const text = (...keys: Buffer[]): string =>
  JSON.stringify(keys.map((key) => key.toString("base64")));

async function fileWith(content: string): Promise<string> {
  const path = join(await newFolder(), "keyring.json");
  await writeFile(path, content);
  return path;
}

describe("the file of keys", () => {
  it("is that of Serf: the first key seals, and changes are written back", async () => {
    const path = await fileWith(text(one, two));
    const file = await KeyringFile.open(path);
    expect(file.keyring.keys.map((key) => Buffer.from(key))).toEqual([one, two]);
    file.keyring.use(two);
    const first = file.save();
    file.keyring.remove(one);
    await Promise.all([first, file.save()]);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual([two.toString("base64")]);
  });

  it.each([
    { what: "no JSON", content: "secret" },
    { what: "no key", content: "[]" },
    { what: "a text that is no base64", content: '["*"]' },
    { what: "a key of another length", content: text(Buffer.alloc(31, 1)) },
    {
      what: "too many keys",
      content: text(...Array.from({ length: 17 }, (_, n) => Buffer.alloc(32, n))),
    },
  ])("is refused with exit code 2: $what", async ({ content }) => {
    const opening = KeyringFile.open(await fileWith(content));
    await expect(opening).rejects.toMatchObject({ exitCode: 2 });
    await expect(opening).rejects.toThrow(/^--gossip-key-file: .*openssl rand -base64 32/);
  });

  it("is refused with exit code 2 if it is not there", async () => {
    const opening = KeyringFile.open(join(await newFolder(), "none.json"));
    await expect(opening).rejects.toMatchObject({ exitCode: 2 });
  });

  it("that cannot be written says so to whoever asked, and is written the next time", async () => {
    const path = await fileWith(text(one));
    const file = await KeyringFile.open(path);
    const folder = dirname(path);
    await rename(folder, `${folder}-away`);
    await expect(file.save()).rejects.toMatchObject({ code: "ENOENT" });
    await rename(`${folder}-away`, folder);
    file.keyring.install(two);
    await file.save();
    expect(JSON.parse(await readFile(path, "utf8"))).toHaveLength(2);
  });
});
