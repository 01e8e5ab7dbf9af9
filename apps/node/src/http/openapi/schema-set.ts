/** JSON Schemas of zod's, with those that have a name in one place for all. */
import { z } from "zod";

/** A piece of the document: only ever written out as JSON. */
export type Json = Readonly<Record<string, unknown>>;

export class SchemaSet {
  readonly #named = new Map<string, Json>();

  /** All that have a name, sorted by it. */
  named(): Json {
    return Object.fromEntries([...this.#named].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** What a request may send. Members that are not described are refused there. */
  input(schema: z.ZodType): Json {
    return this.#take(z.toJSONSchema(schema, { io: "input" }), (part) => part);
  }

  /**
   * What a reply says. Members that are not described may come with a later release, and are to be
   * ignored: so nothing is said against them.
   */
  output(schema: z.ZodType): Json {
    return this.#take(z.toJSONSchema(schema, { io: "output" }), withoutClosing);
  }

  #take(made: object, prepare: (part: Json) => Json): Json {
    const all = new Map<string, unknown>(Object.entries(made));
    const definitions = all.get("$defs") ?? {};
    // Of the whole document it is the same, and said nowhere else.
    all.delete("$schema");
    all.delete("$defs");
    for (const [name, definition] of Object.entries(definitions)) {
      const prepared = prepare(pointed(definition));
      const known = this.#named.get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(prepared)) {
        throw new Error(`two schemas are called ${name}, and differ`);
      }
      this.#named.set(name, prepared);
    }
    return prepare(pointed(Object.fromEntries(all)));
  }
}

/** With references into the document instead of the schema itself. */
function pointed(part: unknown): Json {
  const moved = mapped(part, (key, value) =>
    key === "$ref" && typeof value === "string"
      ? value.replace("#/$defs/", "#/components/schemas/")
      : value,
  );
  return isObject(moved) ? moved : {};
}

function withoutClosing(part: Json): Json {
  const open = mapped(part, (key, value) =>
    key === "additionalProperties" && value === false ? undefined : value,
  );
  return isObject(open) ? open : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A copy, all the way down; a member for which `change` answers `undefined` is left out. */
function mapped(value: unknown, change: (key: string, value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapped(item, change));
  if (!isObject(value)) return value;
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    const changed = change(key, mapped(member, change));
    if (changed !== undefined) members.push([key, changed]);
  }
  return Object.fromEntries(members);
}
