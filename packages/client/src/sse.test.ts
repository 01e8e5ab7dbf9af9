import { EventParser, eventMaxLength } from "./sse.ts";

const stream = [
  "retry: 1000\n: hello\n\n",
  'event: value\nid: T1\ndata: {"name":"a",\ndata: "value":"1"}\n\n',
  "data: plain\r\n\r\n",
  "event: empty\n\n",
  "data:x\rid: T2\r\r",
  "id\ndata\n\n",
].join("");

const expected = [
  { event: "value", data: '{"name":"a",\n"value":"1"}', id: "T1" },
  { event: "message", data: "plain", id: "T1" },
  { event: "message", data: "x", id: "T2" },
  { event: "message", data: "", id: "" },
];

describe("server-sent events", () => {
  it("are read alike however the stream is cut", () => {
    for (let size = 1; size <= stream.length; size += 1) {
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < stream.length; at += size) {
        events.push(...parser.push(stream.slice(at, at + size)));
      }
      expect(events).toEqual(expected);
      expect(parser.retryMs).toBe(1000);
    }
  });

  it("have data up to a limit", () => {
    const line = (length: number): string => `data:${"x".repeat(length)}\n`;
    const half = eventMaxLength / 2;
    expect(new EventParser().push(`${line(half)}${line(half)}\n`)).toHaveLength(1);
    expect(() => new EventParser().push(`${line(half)}${line(half + 1)}\n`)).toThrow("longer than");
  });

  it("have lines up to a limit", () => {
    expect(new EventParser().push("x".repeat(eventMaxLength))).toEqual([]);
    expect(() => new EventParser().push("x".repeat(eventMaxLength + 1))).toThrow("longer than");
  });
});
