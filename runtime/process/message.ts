/**
 * The messages between Main and the stages; the protocol and its diagram are in helper-c/message.h. This module
 * owns the layout, and turns a failure into the error that names the operation.
 */
import { describeErrno, HostError, SpecError, SyscallError } from "../errors.ts";
import { nameOp } from "../plan/format.ts";
import { type Plan, PROCFS, type Stage, STAGES } from "../plan/op.ts";
import { AGENT_SOCKET } from "../state/agent_folder.ts";
import { describeHook, type HookWords, readHookWords } from "./hook_words.ts";

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
  /** failed: what is to be said of a hook. */
  readonly hook?: HookWords;
}

/** The agent's failures come by way of the process that stands for its own (helper-c/op_session.c). */
const ALL_STAGES = [...STAGES, "guest"] as const;

/** The bytes of a message without words. */
const HEADER = 16;

/**
 * Decodes one datagram.
 * @throws {Error} for one that is none of ours: the stages are our own, so this is a fault of kago.
 */
export function decodeMessage(bytes: Uint8Array<ArrayBuffer>): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 ? TYPES[view.getUint32(0, true)] : undefined;
  if (type === "text") {
    const text = new TextDecoder().decode(bytes.subarray(4));
    return { type, stage: "vmm", value: 0, errno: 0, text };
  }
  const hasWords = bytes.length > HEADER && type === "failed";
  const stage = bytes.length === HEADER || hasWords
    ? ALL_STAGES[view.getUint32(4, true)]
    : undefined;
  if (!type || !stage) throw new Error("malformed message from a stage process");
  return {
    type,
    stage,
    value: view.getUint32(8, true),
    errno: view.getInt32(12, true),
    text: "",
    ...(hasWords ? { hook: readHookWords(bytes.subarray(HEADER)) } : {}),
  };
}

export const ANSWER = {
  goOn: new TextEncoder().encode("A"),
  committed: new TextEncoder().encode("C"),
  start: new TextEncoder().encode("S"),
} as const;

const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;
const E2BIG = 7;
const ENOEXEC = 8;
const EACCES = 13;
const EXDEV = 18;
const EFBIG = 27;
const ENOTSOCK = 88;

/** The error that a failed operation stands for; engines read the words of a missing program. */
export function failureError(message: Message, plan: Plan): Error {
  if (message.type === "text") return new Error(message.text);
  const op = plan[message.stage]?.[message.value];
  if (!op) return new SyscallError("a stage of the container", message.errno, message.stage);
  const cause = new SyscallError(nameOp(op), message.errno, message.stage);
  if (message.hook) {
    return new SpecError(op.from!, describeHook(message.errno, message.hook), { cause });
  }
  if (op.op === "findProgram") {
    const name = JSON.stringify(op.file);
    if (message.errno === ENOENT && !op.file.includes("/")) {
      return new SpecError(op.from!, `exec: ${name}: executable file not found in $PATH`, {
        cause,
      });
    }
    if (message.errno === EACCES) {
      return new SpecError(op.from!, `exec: ${name}: permission denied`, { cause });
    }
    return new SpecError(op.from!, `exec: ${name}: ${cause.message.split(": ").at(-1)}`, { cause });
  }
  if (op.op === "exec") return execError(op.args[0]!, op.from!, cause);
  if (op.op === "findHome" && message.errno === EFBIG) {
    const problem = "the root's /etc/passwd, in which HOME is looked for, has more than 4 MiB";
    return new HostError(problem, "set HOME in process.env, or make the file smaller", { cause });
  }
  if (op.op === "guestSession" && message.errno === ESRCH) {
    return new Error("the VM has ended", { cause });
  }
  if (op.op === "guestSession" && [EPERM, ENOTSOCK].includes(message.errno)) {
    const what = `${op.folder}/${AGENT_SOCKET} is not its VM's own`;
    return new Error(`cannot ask the guest: ${what}, delete the container`, { cause });
  }
  if (op.op === "kernelMountsReadonly" && message.errno === EXDEV) {
    const why =
      "bring a procfs along, by which a guest would reach its VMM: bind folders without one";
    return new SpecError("mounts", why, { cause });
  }
  if ((op.op === "mount" || op.op === "bind") && message.errno === EXDEV) {
    const why = op.procfs === PROCFS.source
      ? "takes a mount of type proc, or the bind of one, only"
      : "leads into a procfs, where nothing may be mounted";
    return new SpecError(`${op.from}.destination`, `${op.target} ${why}`, { cause });
  }
  return op.from ? new SpecError(op.from, `${message.stage}: ${cause.message}`, { cause }) : cause;
}

/** Why the kernel does not execute a file that is there (execve(2)). */
const EXEC_HINTS: Readonly<Record<number, string>> = {
  [ENOENT]:
    ": the interpreter that it names is missing, the dynamic linker or what stands behind #!",
  [ENOEXEC]: ": it is for another architecture, or a script without #!",
  [E2BIG]: ": its arguments and variables are more than the kernel takes",
};

/** The program alone is named: its arguments may be long, and hold secrets. */
function execError(program: string, from: string, cause: SyscallError): SpecError {
  const reason = `${describeErrno(cause.errno)}${EXEC_HINTS[cause.errno] ?? ""}`;
  return new SpecError(from, `exec: ${JSON.stringify(program)}: ${reason}`, { cause });
}
