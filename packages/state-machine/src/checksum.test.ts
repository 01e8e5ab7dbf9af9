import { crc32, fnv1a } from "./checksum.ts";

const check = new Uint8Array(Buffer.from("123456789"));

it("the CRC is the one of zlib, gzip and PNG", () => {
  expect(crc32(0, check)).toBe(0xcbf43926);
});

it("a checksum in pieces is the checksum of the whole", () => {
  expect(crc32(crc32(0, check.subarray(0, 4)), check.subarray(4))).toBe(0xcbf43926);
});

it("FNV-1a gives its published values", () => {
  expect(fnv1a(0x811c9dc5, new Uint8Array(Buffer.from("a")))).toBe(0xe40c292c);
  expect(fnv1a(0x811c9dc5, new Uint8Array(Buffer.from("foobar")))).toBe(0xbf9cf968);
});
