/** What Express and the short way around it share: how a request is answered, and who is told. */
import type { Admission } from "../security/access.ts";
import type { Connections } from "../security/connections.ts";
import type { Cors } from "../security/cors.ts";
import type { ApiReply, ApiRequest, Route } from "./api.ts";
import { afterBody } from "./streamed-body.ts";
import type { Service } from "./service.ts";

/** A request that was answered, for whoever counts them or writes them down. */
export interface Answered {
  /** `null`: there is none at this path, or it could not be told. */
  readonly route: Pick<Route, "method" | "path"> | null;
  readonly method: string;
  readonly request: Pick<ApiRequest, "headers" | "path">;
  readonly reply: ApiReply;
  /** From its head having been read until the reply was handed to the socket, in milliseconds. */
  readonly tookMs: number;
}

export interface ListenerOptions {
  /** Writes are accepted by GET as well, as the original demo does. */
  readonly strict: boolean;
  /** `null` or left out: nothing is said to browsers. */
  readonly cors?: Cors | null;
  /** `null` or left out: as many connections as the server takes. */
  readonly connections?: Connections | null;
  /** Told of every request; must not throw. */
  readonly onAnswered?: (answered: Answered) => void;
}

/** The reply, once a body that the route has read itself is out of the way. */
export async function answerTo(
  service: Service,
  asked: {
    readonly route: Route;
    readonly request: ApiRequest;
    readonly admission: Admission | undefined;
  },
): Promise<ApiReply> {
  const { route, request, admission } = asked;
  const reply = await service.answer(route, request, admission);
  return request.stream === undefined ? reply : afterBody(request.stream, reply);
}
