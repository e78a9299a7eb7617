/**
 * The messages between Main and the stages; helper-c/common/message.h has the protocol and its diagram. This module defines
 * the layout; op_failure.ts interprets failures.
 */
import { CONTAINER_STAGES, type ContainerStage } from "../plan/op.ts";
import { type Finding, FOUND } from "./op_findings.ts";

const TYPES = [
  "",
  "sync",
  "child",
  "console",
  "ready",
  "failed",
  "listener",
  "socket",
] as const;

export interface Message {
  readonly type: (typeof TYPES)[number];
  /** The agent's failures are reported by the process that represents its own (helper-c/session/op_session.c). */
  readonly stage: ContainerStage;
  /** sync: the point; child: the pid; failed: the operation's index in its stage. */
  readonly value: number;
  readonly errno: number;
  /** failed: the state of the operation's paths. */
  readonly findings: readonly Finding[];
}

/** Bytes of `struct message`. */
const HEAD = 16;

/**
 * Decodes one datagram.
 * @throws {Error} for an invalid one: the stages are part of kago, so this is a bug in kago.
 */
export function decodeMessage(bytes: Uint8Array<ArrayBuffer>): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 ? TYPES[view.getUint32(0, true)] : undefined;
  const hasFindings = type === "failed" && bytes.length > HEAD;
  const stage = bytes.length === HEAD || hasFindings
    ? CONTAINER_STAGES[view.getUint32(4, true)]
    : undefined;
  if (!type || !stage) throw new Error("malformed message from a stage process");
  return {
    type,
    stage,
    value: view.getUint32(8, true),
    errno: view.getInt32(12, true),
    findings: [...readFindings(bytes.subarray(HEAD))],
  };
}

/** Each is `field`, `found`, the text's length in two bytes, the text (helper-c/stage/failure.c). */
function* readFindings(bytes: Uint8Array<ArrayBuffer>): Generator<Finding> {
  for (let at = 0; at < bytes.length;) {
    const [field, state, low, high] = bytes.subarray(at, at += 4);
    const end = at + (low ?? 0) + 256 * (high ?? 0);
    const found = FOUND[state ?? FOUND.length];
    if (high === undefined || !found || end > bytes.length) {
      throw new Error("malformed message from a stage process");
    }
    const about = bytes.subarray(at, end);
    yield found === "operation"
      ? { field: field!, found, text: "", bytes: about }
      : { field: field!, found, text: new TextDecoder().decode(about) };
    at = end;
  }
}

export const ANSWER = {
  goOn: new TextEncoder().encode("A"),
  committed: new TextEncoder().encode("C"),
  start: new TextEncoder().encode("S"),
} as const;
