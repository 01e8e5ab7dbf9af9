import { codeOf } from "../process/error-text.ts";
import type { ApiRequest } from "./api.ts";
import { exactInteger, jsonMembers, operationKey, prefersJson } from "./negotiation.ts";

function request(headers: Record<string, string>, body: string = ""): ApiRequest {
  return {
    method: "POST",
    path: "/increment",
    query: new URLSearchParams(),
    headers,
    body: new TextEncoder().encode(body),
  };
}

function codeThrownBy(reading: () => unknown): string | null {
  try {
    reading();
    return null;
  } catch (error) {
    return codeOf(error);
  }
}

describe("what the client reads (RFC 9110 §12.5.1)", () => {
  it.each([
    { accept: undefined, json: false },
    { accept: "*/*", json: false },
    { accept: "text/plain", json: false },
    { accept: "text/html, */*;q=0.8", json: false },
    { accept: "application/json", json: true },
    { accept: "application/problem+json", json: true },
    { accept: "application/*", json: true },
    { accept: "application/json, */*", json: true },
    { accept: "*/*, application/json", json: true },
    { accept: "application/json;q=0.5, text/plain", json: false },
    { accept: "application/json;q=0", json: false },
    { accept: "text/plain;q=0.2, application/json;q=0.3", json: true },
    { accept: "nonsense;;q=,", json: false },
  ])("$accept: JSON is preferred: $json", ({ accept, json }) => {
    expect(prefersJson(accept)).toBe(json);
  });
});

describe("Idempotency-Key", () => {
  it.each([
    { header: "abc", key: "abc" },
    { header: '"abc"', key: "abc" },
    { header: '"a\\"b\\\\c"', key: 'a"b\\c' },
    { header: "x".repeat(255), key: "x".repeat(255) },
  ])("$header is the key $key", ({ header, key }) => {
    expect(operationKey(request({ "idempotency-key": header }), "1")?.key).toBe(key);
  });

  it.each(["", '""', "a b", "käse", "x".repeat(256), '"a" "b"'])("%j is refused", (header) => {
    const reading = (): unknown => operationKey(request({ "idempotency-key": header }), "1");
    expect(reading).toThrow(/1 to 255 visible ASCII/);
  });

  test("a request without the header has no key", () => {
    expect(operationKey(request({}), "1")).toBeNull();
  });

  test("the fingerprint is 16 bytes and differs with the content", () => {
    const one = operationKey(request({ "idempotency-key": "k" }), "1")!.fingerprint;
    const again = operationKey(request({ "idempotency-key": "k" }), "1")!.fingerprint;
    const two = operationKey(request({ "idempotency-key": "k" }), "2")!.fingerprint;
    expect(one).toHaveLength(16);
    expect(again).toEqual(one);
    expect(two).not.toEqual(one);
  });
});

describe("exact integers", () => {
  it.each([
    { given: 5, value: 5n },
    { given: -5, value: -5n },
    { given: "5", value: 5n },
    { given: "-0", value: 0n },
    { given: Number.MAX_SAFE_INTEGER, value: 2n ** 53n - 1n },
    { given: "900719925474099312345678901234567890", value: 900719925474099312345678901234567890n },
  ])("$given is read exactly", ({ given, value }) => {
    expect(exactInteger("delta", given)).toBe(value);
  });

  it.each([
    { given: 2 ** 53, code: "unsafe-integer" },
    { given: 1e300, code: "unsafe-integer" },
    { given: 1.5, code: "validation-failed" },
    { given: "1.5", code: "validation-failed" },
    { given: "+1", code: "validation-failed" },
    { given: "01", code: "validation-failed" },
    { given: "1e3", code: "validation-failed" },
    { given: "0x10", code: "validation-failed" },
    { given: " 1", code: "validation-failed" },
    { given: "", code: "validation-failed" },
    { given: null, code: "validation-failed" },
    { given: true, code: "validation-failed" },
    { given: "9".repeat(309), code: "delta-too-large" },
    { given: "9".repeat(60_000), code: "delta-too-large" },
  ])("$given is refused: $code", ({ given, code }) => {
    expect(codeThrownBy(() => exactInteger("delta", given))).toBe(code);
  });
});

describe("JSON bodies", () => {
  const json = { "content-type": "application/json; charset=utf-8" };

  test("an empty body is an empty object, whatever its type", () => {
    expect(jsonMembers(request({ "content-type": "text/plain" }), [])).toEqual({});
  });

  it.each([
    { body: "{", headers: json, code: "validation-failed" },
    { body: "[]", headers: json, code: "validation-failed" },
    { body: "null", headers: json, code: "validation-failed" },
    { body: '{"other":1}', headers: json, code: "validation-failed" },
    { body: '{"__proto__":1}', headers: json, code: "validation-failed" },
    { body: '{"delta":1}', headers: {}, code: "unsupported-media-type" },
    {
      body: "delta=1",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      code: "unsupported-media-type",
    },
  ])("$body is refused: $code", ({ body, headers, code }) => {
    expect(codeThrownBy(() => jsonMembers(request(headers, body), ["delta"]))).toBe(code);
  });
});
