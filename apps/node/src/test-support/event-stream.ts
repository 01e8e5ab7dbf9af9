/** A client of server-sent events over a real socket, as a browser's: what came, and waiting for more. */
import { request, type ClientRequest, type IncomingMessage } from "node:http";

export interface StreamEvent {
  readonly type: string;
  readonly id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Longest wait for anything, in milliseconds; for what hangs, not for what is slow. */
const patienceMs = 30_000;

export class EventStream {
  /** Of the reply; 0 before it came. */
  status = 0;
  headers: IncomingMessage["headers"] = {};
  readonly events: StreamEvent[] = [];
  readonly comments: string[] = [];
  /** Whether the server has ended it, or it was lost. */
  ended = false;
  /** Everything that came, if it is no stream of events. */
  text = "";
  readonly #request: ClientRequest;
  #response: IncomingMessage | null = null;
  #open = "";
  readonly #waiting = new Set<() => void>();

  private constructor(url: string, headers: Readonly<Record<string, string>>) {
    const accept = { accept: "text/event-stream" };
    this.#request = request(url, { headers: { ...accept, ...headers }, agent: false }, (reply) => {
      this.#response = reply;
      this.status = reply.statusCode ?? 0;
      this.headers = reply.headers;
      reply.setEncoding("utf8");
      reply.on("data", (chunk: string) => this.#onText(chunk));
      reply.once("close", () => this.#end());
      reply.on("error", () => undefined); // `close` follows
      this.#look();
    });
    this.#request.on("error", () => this.#end());
    this.#request.end();
  }

  /** Resolves when the server has answered. */
  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventStream> {
    const stream = new EventStream(url, headers);
    await stream.until("an answer", () => stream.status !== 0 || stream.ended);
    return stream;
  }

  /** The id to resume with. */
  get lastId(): string | null {
    return this.events.findLast(({ id }) => id !== null)?.id ?? null;
  }

  /** The value told last, of any counter. */
  get lastValue(): unknown {
    return this.events.findLast(({ type }) => type === "value")?.data["value"];
  }

  /** Reads nothing until {@link resume}: a slow client. */
  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  /** @throws Error that says what came instead */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        const last = JSON.stringify([this.status, this.text, this.events.slice(-3)]);
        reject(new Error(`${what} did not come within ${patienceMs} ms; last came ${last}`));
      }, patienceMs);
      this.#waiting.add(look);
    });
  }

  #onText(chunk: string): void {
    if (!(this.headers["content-type"] ?? "").startsWith("text/event-stream")) this.text += chunk;
    this.#open += chunk;
    for (let end = this.#open.indexOf("\n\n"); end >= 0; end = this.#open.indexOf("\n\n")) {
      this.#onBlock(this.#open.slice(0, end));
      this.#open = this.#open.slice(end + 2);
    }
    this.#look();
  }

  #onBlock(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) this.comments.push(line.slice(1).trim());
      else fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const data = fields.get("data");
    if (data === undefined) return;
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed !== "object" || parsed === null) throw new Error(`no object: ${data}`);
    const type = fields.get("event") ?? "message";
    this.events.push({
      type,
      id: fields.get("id") ?? null,
      data: Object.fromEntries(Object.entries(parsed)),
    });
  }

  #end(): void {
    this.ended = true;
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }
}
