/**
 * Explains a failed operation of a plan in one sentence for the author of config.json: the field, the part of the path, and
 * the kernel's reason. The operation with all its fields is the `cause`, for `--debug`. Only an overlay's folders are
 * examined.
 */
import { EDOTDOT, EFBIG, ENOENT, ENOTDIR, ENOTSOCK, EPERM, ESRCH, EXDEV } from "../common/errno.ts";
import { describeErrno, HostError, SpecError, SyscallError } from "../common/errors.ts";
import { nameOp } from "../plan/format.ts";
import { splitOptions } from "../plan/mount_options.ts";
import { type Op, OPS, type Plan } from "../plan/op.ts";
import { AGENT_SOCKET } from "./agent_socket.ts";
import { krunProblem } from "./krun_words.ts";
import type { Message } from "./message.ts";
import { execProblem } from "./op_findings.ts";
import {
  findProgramProblem,
  inWords,
  type MountOpName,
  type OpFailure,
  procfsProblem,
} from "./op_words.ts";
import { overlayProblem } from "./overlay_folders.ts";

/** As in helper-c/common/context.h. */
const ROOT_COVERED = EDOTDOT;

/** The error for a failure; failures that are not only about the operation itself are worded here. */
export function failureError(heard: Message, plan: Plan): Error {
  const { stage, errno } = heard;
  const op = plan[stage]?.[heard.value];
  const message = op && stage === "guest" ? withoutLies(heard, op) : heard;
  if (!op) return new SyscallError("a stage of the container failed", errno, stage);
  const krun = stage === "vmm" ? krunProblem(op, message) : undefined;
  if (krun) return new Error(krun);
  const cause = dumpOf(op, message);
  if (errno === ROOT_COVERED) return rootCovered(op, cause);
  switch (op.op) {
    case "findProgram":
      return new SpecError(op.from!, findProgramProblem(op.file, errno), { cause });
    case "exec":
      return new SpecError(op.from!, execProblem(op.args[0]!, errno), { cause });
    case "mount":
    case "mountByName":
    case "bind":
    case "findHome":
    case "guestSession":
    case "kernelMountsReadonly": {
      const error = mountFailure(op, errno, cause) ?? hostFailure(op, errno, cause);
      if (error) return error;
    }
  }
  return opError(op, message);
}

/** Of a guest's findings, only texts that are parts of config.json are accepted. */
function withoutLies(message: Message, op: Op): Message {
  const fields = Object.keys(OPS[op.op]).map((name) => op[name as keyof Op] as unknown);
  const findings = message.findings.filter(({ field, text }) => {
    const value = fields[field];
    return [value].flat().some((whole) => typeof whole === "string" && whole.startsWith(text));
  });
  return { ...message, findings };
}

/** A mount on the root is refused: what it hides, or is hidden by, would be undefined. */
function rootCovered(op: Op, cause: Error): SpecError {
  const [place, path] = isMount(op)
    ? [`${op.from}.destination`, op.target]
    : [`${op.from}`, op.op === "maskPath" ? op.path : ""];
  const problem = `${path} is or leads to the container's root, on which nothing may be mounted`;
  return new SpecError(place, problem, { cause });
}

const MOUNT_OPS: ReadonlySet<string> = new Set<MountOpName>(["mount", "mountByName", "bind"]);

function isMount(op: Op): op is Extract<Op, { op: MountOpName }> {
  return MOUNT_OPS.has(op.op);
}

/** A mount that meets a procfs where it may not, or whose options name missing folders. */
function mountFailure(op: Op, errno: number, cause: Error): SpecError | undefined {
  if (!isMount(op)) return undefined;
  if (errno === EXDEV) {
    return new SpecError(`${op.from}.destination`, procfsProblem(op), { cause });
  }
  if (op.op === "bind" || op.fstype !== "overlay" || ![ENOENT, ENOTDIR].includes(errno)) return;
  const problem = overlayProblem(op.op === "mount" ? op.options : splitOptions([op.data]));
  if (!problem) return;
  return new SpecError(`${op.from}.options`, `${problem}: ${describeErrno(errno)}`, { cause });
}

/** Errors in an image's file or a guest, rather than in config.json. */
function hostFailure(op: Op, errno: number, cause: Error): Error | undefined {
  if (op.op === "findHome" && errno === EFBIG) {
    const problem =
      "/etc/passwd of the root filesystem, which is searched for HOME, is larger than 4 MiB";
    return new HostError(problem, "set HOME in process.env, or make the file smaller", { cause });
  }
  if (op.op === "guestSession" && errno === ESRCH) return new Error("the VM has ended", { cause });
  if (op.op === "guestSession" && [EPERM, ENOTSOCK].includes(errno)) {
    const what = `${op.folder}/${AGENT_SOCKET} is not its VM's own`;
    return new Error(`cannot ask the guest: ${what}, delete the container`, { cause });
  }
  if (op.op === "kernelMountsReadonly" && errno === EXDEV) {
    const why =
      "include a procfs, through which a guest would reach its VMM: bind-mount directories without one";
    return new SpecError("mounts", why, { cause });
  }
}

/**
 * The error for a failed operation.
 * @returns a {SpecError} with the place in config.json, a {SyscallError} for an operation that has none.
 */
export function opError(op: Op, failure: OpFailure): SpecError | SyscallError {
  const { errno, stage } = failure;
  const [field, problem, better = errno] = inWords(op, failure);
  if (!op.from) return new SyscallError(problem, errno, stage, { cause: dumpOf(op, failure) });
  const place = /^mounts\[\d+\]$/.test(op.from) ? `${op.from}${field}` : op.from;
  const text = op.op === "hook" ? problem : `${problem}: ${describeErrno(better)}`;
  return new SpecError(place, text, { cause: dumpOf(op, failure) });
}

/** The whole operation, without fields that may be secret. */
export function dumpOf(op: Op, { errno, stage }: Pick<OpFailure, "errno" | "stage">): SyscallError {
  return new SyscallError(nameOp(op), errno, stage);
}
