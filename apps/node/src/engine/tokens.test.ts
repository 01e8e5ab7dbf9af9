import { revisionMax } from "@counter/state-machine";

import { TokenCodec, TokenForeignError, TokenMalformedError } from "./tokens.ts";

const codec = new TokenCodec("cluster-1");

it.each([
  { epoch: 0, revision: 0 },
  { epoch: 1, revision: 127 },
  { epoch: 128, revision: 2 ** 31 },
  { epoch: revisionMax, revision: revisionMax },
])("a token comes back as it was: %j", (token) => {
  const text = codec.encode(token);
  expect(text).toMatch(/^[\w-]+$/);
  expect(codec.decode(text)).toEqual(token);
});

it.each([
  { what: "another cluster", text: new TokenCodec("cluster-2").encode({ epoch: 0, revision: 3 }) },
  { what: "eventual mode", text: Buffer.from([1, 2, 3, 4, 5, 6, 7]).toString("base64url") },
  { what: "eventual mode, with many writers", text: "AQID".repeat(2000) },
])("one of $what is told apart", ({ text }) => {
  expect(() => codec.decode(text)).toThrow(TokenForeignError);
});

const good = codec.encode({ epoch: 3, revision: 500 });
it.each([
  { what: "nothing", text: "" },
  { what: "other characters", text: "a b" },
  { what: "padding", text: `${good}=` },
  { what: "a token that was cut", text: good.slice(0, -2) },
  { what: "a token with more behind it", text: `${good}AA` },
  {
    what: "a number that is longer than it needs to be",
    text: Buffer.from([...Buffer.from(good, "base64url").subarray(0, 5), 3, 0x80, 0]).toString(
      "base64url",
    ),
  },
  {
    what: "a number that is too large",
    text: Buffer.from([
      ...Buffer.from(good, "base64url").subarray(0, 5),
      ...[3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ]).toString("base64url"),
  },
])("$what is no token", ({ text }) => {
  expect(() => codec.decode(text)).toThrow(TokenMalformedError);
});
