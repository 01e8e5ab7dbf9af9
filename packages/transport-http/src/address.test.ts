import { AddressError, parseAddress } from "./address.ts";

describe("addresses", () => {
  it.each([
    { text: "8081", host: "127.0.0.1", port: 8081 },
    { text: "127.0.0.1:8081", host: "127.0.0.1", port: 8081 },
    { text: "counter-1.example.org:80", host: "counter-1.example.org", port: 80 },
    { text: "counter_1:65535", host: "counter_1", port: 65535 },
    { text: "[::1]:8081", host: "::1", port: 8081 },
    { text: "[fe80::1%eth0]:8081", host: "fe80::1%eth0", port: 8081 },
    { text: "http://127.0.0.1:8081", host: "127.0.0.1", port: 8081 },
    { text: "http://[::1]:8081/", host: "::1", port: 8081 },
  ])("$text is port $port of $host", ({ text, host, port }) => {
    expect(parseAddress(text)).toEqual({ host, port });
  });

  it.each([
    ...["", ":8081", "host", "host:", "host:0", "host:65536", "host:80x", "::1:8081", "a b:80"],
    ...["https://host:80", "http://host:80/path", "user@host:80", "host:80\r\nx: y", "[::1:80"],
    ...[`${"h".repeat(300)}:80`],
  ])("%j is no address", (text) => {
    expect(() => parseAddress(text)).toThrow(AddressError);
  });
});
