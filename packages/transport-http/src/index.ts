export { DEFAULT_STREAM_PATH, HttpTransport } from "./http-transport.ts";
export { defaultTransportLimits } from "./options.ts";
export type { HttpTransportOptions, KnownDirectories, TransportLimits } from "./options.ts";
export type {
  Direction,
  DropReason,
  IgnoreReason,
  PeerStats,
  RefusalCode,
  TransportEvent,
  TransportStats,
} from "./events.ts";
export { PeerAuth, peerAuthHeader, peerChallengeHeader } from "./auth/peer-auth.ts";
export type {
  PeerReply,
  PeerRequest,
  PlainHeaders,
  RequestHead,
  SignedRequest,
  VerifiedRequest,
} from "./auth/peer-auth.ts";
export { authOf, distrust, isLoopback } from "./auth/peer-trust.ts";
export type { PeerTrust } from "./auth/peer-trust.ts";
export { secretMinBytes, secretsMax } from "./auth/secrets.ts";
export { KeptConnections, noTls, requestTo } from "./tls.ts";
export type { PeerTls, TlsSource } from "./tls.ts";
export { AddressError, parseAddress } from "./address.ts";
export type { PeerAddress } from "./address.ts";
export { decodeMessage } from "./codec/decode.ts";
export type { Ends, Payload } from "./codec/decode.ts";
export { encodeMessage } from "./codec/encode.ts";
export { DecodeError, EncodeError } from "./codec/errors.ts";
export type { DecodeFault } from "./codec/errors.ts";
export {
  clusterTagOf,
  FRAME_HEADER_BYTES,
  openFrame,
  WIRE_MAJOR,
  WIRE_MINOR,
} from "./codec/frame.ts";
export type { EncodedFrame, OpenedFrame } from "./codec/frame.ts";
export {
  ADDRESS_MAX_LENGTH,
  ENTRIES_MAX,
  MEMBERS_MAX,
  NODE_ID_MAX_LENGTH,
} from "./codec/limits.ts";
export { FrameParser } from "./frame-parser.ts";
export type { RawFrame } from "./frame-parser.ts";
export { HttpReplicaTransport } from "./replica/replica-transport.ts";
export { defaultReplicaLimits } from "./replica/options.ts";
export type { HttpReplicaTransportOptions, ReplicaLimits } from "./replica/options.ts";
export { ReplicaExchangeError } from "./replica/errors.ts";
export type { ReplicaErrorCode } from "./replica/errors.ts";
export type { ReplicaEvent } from "./replica/events.ts";
