/** Queries of serf about keys: `serf keys -install`, `-use`, `-remove`, `-list`. */
import { decodeSerf } from "../wire/serf-decoder.ts";
import type { SerfKeyResponse } from "../wire/serf-messages.ts";
import { KeyringError, type Keyring } from "./keyring.ts";

/** Before the name of a query that agents answer by themselves. */
export const INTERNAL_PREFIX = "_serf_";

export function failedKeyResponse(message: string): SerfKeyResponse {
  return { type: "keyResponse", result: false, message, keys: [], primaryKey: "" };
}

/** What to answer, and whether the keyring may be another one than before. */
export interface KeyAnswer {
  readonly response: SerfKeyResponse;
  readonly changed: boolean;
}

const unchanged = (response: SerfKeyResponse): KeyAnswer => ({ response, changed: false });
const failed = (message: string): KeyAnswer => unchanged(failedKeyResponse(message));

/** The answer to a query about keys, or null if it is about something else. */
export function answerKeyQuery(
  name: string,
  payload: Uint8Array,
  keyring: Keyring | undefined,
): KeyAnswer | null {
  const action = name.slice(INTERNAL_PREFIX.length);
  if (!["install-key", "use-key", "remove-key", "list-keys"].includes(action)) return null;
  if (keyring === undefined) return failed("Keyring is empty (encryption not enabled)");
  if (action === "list-keys") return unchanged(listed(keyring));
  const request = decodeSerf(payload);
  if (!request.ok || request.value.type !== "keyRequest") return failed("no key in the request");
  try {
    change(keyring, action, request.value.key);
  } catch (error) {
    if (error instanceof KeyringError) return failed(error.message);
    throw error;
  }
  return { response: { ...failedKeyResponse(""), result: true }, changed: true };
}

function change(keyring: Keyring, action: string, key: Uint8Array): void {
  if (action === "install-key") keyring.install(key);
  else if (action === "use-key") keyring.use(key);
  else keyring.remove(key);
}

function listed(keyring: Keyring): SerfKeyResponse {
  const keys = keyring.keys.map((key) => Buffer.from(key).toString("base64"));
  return { type: "keyResponse", result: true, message: "", keys, primaryKey: keys[0]! };
}
