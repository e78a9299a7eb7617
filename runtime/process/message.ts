/**
 * The messages between Main and the stages; the protocol and its diagram are in helper-c/message.h. This module
 * owns the layout, and turns a failure into the error that names the operation.
 */
import { HostError, SpecError, SyscallError } from "../errors.ts";
import { type Op, type Plan, type Stage, STAGES } from "../plan/op.ts";
import { AGENT_SOCKET } from "../state/agent_folder.ts";
import {
  dumpOf,
  execProblem,
  type Finding,
  findProgramProblem,
  FOUND,
  opError,
  procfsProblem,
} from "./op_failure.ts";

const TYPES = [
  "",
  "sync",
  "child",
  "console",
  "ready",
  "failed",
  "text",
  "listener",
  "socket",
] as const;

export interface Message {
  readonly type: (typeof TYPES)[number];
  readonly stage: Stage | "guest";
  /** sync: the point; child: the pid; failed: the operation's index in its stage. */
  readonly value: number;
  readonly errno: number;
  /** text: the error in words. */
  readonly text: string;
  /** failed: what the operation's paths look like. */
  readonly findings: readonly Finding[];
}

/** Bytes of `struct message`. */
const HEAD = 16;

/** The agent's failures come by way of the process that stands for its own (helper-c/op_session.c). */
const ALL_STAGES = [...STAGES, "guest"] as const;

/**
 * Decodes one datagram.
 * @throws {Error} for one that is none of ours: the stages are our own, so this is a fault of kago.
 */
export function decodeMessage(bytes: Uint8Array<ArrayBuffer>): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 ? TYPES[view.getUint32(0, true)] : undefined;
  if (type === "text") {
    const text = new TextDecoder().decode(bytes.subarray(4));
    return { type, stage: "vmm", value: 0, errno: 0, text, findings: [] };
  }
  const hasFindings = type === "failed" && bytes.length > HEAD;
  const stage = bytes.length === HEAD || hasFindings
    ? ALL_STAGES[view.getUint32(4, true)]
    : undefined;
  if (!type || !stage) throw new Error("malformed message from a stage process");
  return {
    type,
    stage,
    value: view.getUint32(8, true),
    errno: view.getInt32(12, true),
    text: "",
    findings: [...readFindings(bytes.subarray(HEAD))],
  };
}

/** `field`, `found`, the text's length in two bytes, the text: one after another (helper-c/failure.c). */
function* readFindings(bytes: Uint8Array): Generator<Finding> {
  for (let at = 0; at < bytes.length;) {
    const [field, state, low, high] = bytes.subarray(at, at += 4);
    const end = at + (low ?? 0) + 256 * (high ?? 0);
    const found = FOUND[state ?? FOUND.length];
    if (high === undefined || !found || end > bytes.length) {
      throw new Error("malformed message from a stage process");
    }
    yield { field: field!, found, text: new TextDecoder().decode(bytes.subarray(at, end)) };
    at = end;
  }
}

export const ANSWER = {
  goOn: new TextEncoder().encode("A"),
  committed: new TextEncoder().encode("C"),
  start: new TextEncoder().encode("S"),
} as const;

const EPERM = 1;
const ESRCH = 3;
const EXDEV = 18;
const EFBIG = 27;
/** ROOT_COVERED of helper-c/context.h. */
const EDOTDOT = 73;
const ENOTSOCK = 88;

/** The error that a failure stands for; what is not only about the operation itself is worded here. */
export function failureError(message: Message, plan: Plan): Error {
  const { stage, errno } = message;
  if (message.type === "text") return new Error(message.text);
  const op = plan[stage]?.[message.value];
  if (!op) return new SyscallError("a stage of the container failed", errno, stage);
  const cause = dumpOf(op, message);
  if ("from" in op && errno === EDOTDOT) return rootCovered(op, cause);
  switch (op.op) {
    case "findProgram":
      return new SpecError(op.from!, findProgramProblem(op.file, errno), { cause });
    case "exec":
      return new SpecError(op.from!, execProblem(op.args[0]!, errno), { cause });
    case "mount":
    case "bind":
      if (errno !== EXDEV) break;
      return new SpecError(`${op.from}.destination`, procfsProblem(op), { cause });
    case "findHome":
    case "guestSession":
    case "kernelMountsReadonly": {
      const error = hostFailure(op, errno, cause);
      if (error) return error;
    }
  }
  return opError(op, message);
}

/** What is wrong with an image's file or a guest, rather than with config.json. */
function hostFailure(op: Op, errno: number, cause: Error): Error | undefined {
  if (op.op === "findHome" && errno === EFBIG) {
    const problem = "the root's /etc/passwd, in which HOME is looked for, has more than 4 MiB";
    return new HostError(problem, "set HOME in process.env, or make the file smaller", { cause });
  }
  if (op.op === "guestSession" && errno === ESRCH) return new Error("the VM has ended", { cause });
  if (op.op === "guestSession" && [EPERM, ENOTSOCK].includes(errno)) {
    const what = `${op.folder}/${AGENT_SOCKET} is not its VM's own`;
    return new Error(`cannot ask the guest: ${what}, delete the container`, { cause });
  }
  if (op.op === "kernelMountsReadonly" && errno === EXDEV) {
    const why =
      "bring a procfs along, by which a guest would reach its VMM: bind folders without one";
    return new SpecError("mounts", why, { cause });
  }
}

/** What a mount over the root would hide, or what would hide it, nobody could say. */
function rootCovered(op: Op & { from?: string }, cause: Error): SpecError {
  const [place, path] = op.op === "mount" || op.op === "bind"
    ? [`${op.from}.destination`, op.target]
    : [`${op.from}`, op.op === "maskPath" ? op.path : ""];
  const problem = `${path} is or leads to the container's root, over which nothing is mounted`;
  return new SpecError(place, problem, { cause });
}
