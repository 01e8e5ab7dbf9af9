// The packages that are published, found by looking: a new one needs no list to be in.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..");

/**
 * Everything under packages/ that is not private, by name of its folder: the folder's absolute path,
 * its package.json, and its entry points (`.` and `./x`, without package.json) with their types.
 */
export function publicPackages() {
  const found = [];
  for (const name of readdirSync(join(root, "packages")).sort()) {
    const dir = join(root, "packages", name);
    if (!existsSync(join(dir, "package.json"))) continue;
    const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
    if (manifest.private === true) continue;
    const entries = Object.entries(manifest.exports)
      .filter(([entry]) => !entry.endsWith(".json"))
      .map(([entry, conditions]) => ({ entry, types: join(dir, conditions.import.types) }));
    found.push({ name, dir, manifest, entries });
  }
  return found;
}
