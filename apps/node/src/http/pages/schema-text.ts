/** A JSON Schema in the notation in which people write such things down: shorter than itself. */
import type { Json } from "../openapi/schema-set.ts";

const indentBy = "  ";
/** Deeper than that schemas are named, not spelled out. */
const depthMax = 5;

/** @returns lines such as `{ "delta": string, "onBound"?: "reject" | "saturate" }` */
export function schemaText(schema: Json, depth: number = 0): string {
  if (depth > depthMax) return "…";
  const { $ref: reference, enum: values, const: value } = schema;
  if (typeof reference === "string") return reference.slice(reference.lastIndexOf("/") + 1);
  if (Array.isArray(values)) return values.map((one: unknown) => JSON.stringify(one)).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) {
    return choices.map((choice: unknown) => schemaText(asJson(choice), depth)).join(" | ");
  }
  const { type } = schema;
  if (Array.isArray(type)) return type.map(String).join(" | ");
  switch (type) {
    case "object":
      return objectText(schema, depth);
    case "array":
      return `[${schemaText(asJson(schema["items"]), depth + 1)}, …]`;
    case undefined:
      return "anything";
    default:
      return String(type);
  }
}

function objectText(schema: Json, depth: number): string {
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"].map(String) : []);
  const indent = indentBy.repeat(depth + 1);
  const lines = Object.entries(asJson(schema["properties"])).map(([name, part]) => {
    const inner = asJson(part);
    const mark = required.has(name) ? "" : "?";
    const description =
      typeof inner["description"] === "string" ? `  — ${inner["description"]}` : "";
    return `${indent}${name}${mark}: ${schemaText(inner, depth + 1)}${description}`;
  });
  const rest = asJson(schema["additionalProperties"]);
  const others =
    Object.keys(rest).length > 0 ? [`${indent}[name]: ${schemaText(rest, depth + 1)}`] : [];
  const all = [...lines, ...others];
  return all.length === 0 ? "{}" : `{\n${all.join("\n")}\n${indentBy.repeat(depth)}}`;
}

function asJson(value: unknown): Json {
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}
