/** What to do about a connection that did not come about, mostly for the sake of a certificate. */
import type { CounterError } from "@counter/client";

const unknownAuthority =
  "Name the authority that signs the certificates of your nodes: --ca ca.pem, COUNTERCTL_CA, or a context.";
const otherName =
  "The certificate is for other names: dial one of them, or have this one signed into it (subjectAltName).";
const outOfDate =
  "Renew that certificate (the node reads it again by itself), and look at the clock of this machine.";
const wanted =
  "The node wants a certificate of its clients: --cert and --cert-key, signed by its --tls-ca, and not out of date.";
const plain = "No TLS is spoken there: write http://, or look at the port.";

/** How connections over TLS fail; the words are those of OpenSSL and Node.js. */
const advice: readonly (readonly [RegExp, string])[] = [
  [/^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|INVALID_CA)(_|$)/, unknownAuthority],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, otherName],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, outOfDate],
  [/^ERR_SSL_.*ALERT_(HANDSHAKE_FAILURE|CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA)/, wanted],
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, plain],
];
/** The other end hung up without a word. */
const closed: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** @returns `null` where there is nothing to say */
export function connectionAdvice(error: CounterError): string | null {
  if (error.code !== "unreachable" && error.code !== "outcome-unknown") return null;
  for (const code of codesOf(error)) {
    const found = advice.find(([pattern]) => pattern.test(code));
    if (found !== undefined) return found[1];
    if (closed.has(code)) return closedAdvice(error.endpoint ?? "");
  }
  return null;
}

/** From TLS 1.3 on a node that does not like our certificate can say so only after we have sent. */
function closedAdvice(endpoint: string): string {
  if (endpoint.startsWith("https:")) return `The node closed the connection. ${wanted}`;
  return "The node closed the connection. Does it speak TLS? Then write https://.";
}

/** Of the error and of what caused it. */
function codesOf(error: unknown): readonly string[] {
  const seen = new Set<unknown>();
  const codes: string[] = [];
  let at = error;
  while (at instanceof Error && !seen.has(at)) {
    if ("code" in at && typeof at.code === "string") codes.push(at.code);
    seen.add(at);
    at = at.cause;
  }
  return codes;
}
