/** Messages for a failed operation of a microVM's VMM, from the operation and its findings. Pure. */
import { describeErrno } from "../common/errors.ts";
import {
  E2BIG,
  EACCES,
  EMFILE,
  ENODEV,
  ENOSPC,
  ENOTDIR,
  EOPNOTSUPP,
  ESRCH,
  ETIMEDOUT,
  EXDEV,
} from "../common/errno.ts";
import { visible } from "../common/quoted.ts";
import { decodeOp } from "../plan/decode.ts";
import { formatCall } from "../plan/format.ts";
import type { Op } from "../plan/op.ts";
import type { Message } from "./message.ts";
import type { Finding } from "./op_findings.ts";

type Failure = Pick<Message, "errno" | "findings">;

/** As krunProblem(), for `start`, which has no plan: the failure includes the operation. */
export function heardProblem(failure: Failure): string | undefined {
  const bytes = failure.findings.find(({ found }) => found === "operation")?.bytes;
  const op = bytes && decodeOp(bytes);
  return op && krunProblem(op, failure);
}

/** Undefined for an operation that is not libkrun's, and for a failure that the errno explains. */
export function krunProblem(op: Op, { errno, findings }: Failure): string | undefined {
  const own = findings.find(({ found }) => found !== "operation");
  const problem = problemOf(op, errno, own);
  return problem && `microVM: ${visible(problem)}`;
}

function problemOf(op: Op, errno: number, own: Finding | undefined): string | undefined {
  const reason = describeErrno(errno);
  switch (op.op) {
    case "krunLoad":
      return own ? loadProblem(own) : `krun_create_ctx(): ${reason}`;
    case "krunPasst":
      return own && passtProblem(errno, own.text);
    case "krunKvm":
      return `the container's user cannot open its /dev/kvm: ${reason}; check its owner and mode ` +
        "(in a user namespace they are the host's), linux.resources.devices, and that /dev is not mounted nodev";
    case "krunCall":
      if (own?.found === "missing") return lacks(op.function, op.wantedBy);
      if (own?.found === "said") {
        return `${op.wantedBy && `${op.wantedBy}: `}${formatCall(op, shortList)}: ${own.text}`;
      }
      if (own) return `open ${own.text} in /: ${reason}`;
      return `${op.wantedBy && `${op.wantedBy}: `}${formatCall(op, shortList)}: ${reason}`;
    case "hostSockets":
      return own && `the container's user cannot reach the socket ${own.text}: ${reason}` +
          (errno === EACCES
            ? "; mount it where process.user may search every directory above"
            : "");
    case "watchOpen":
      return `${op.from}: fanotify_init(): ${reason}; ` +
        (errno === EMFILE
          ? "raise fs.fanotify.max_user_groups"
          : "it takes Linux 5.13 with CONFIG_FANOTIFY");
    case "watchMounts":
      return own && `${op.from}: ${watchProblem(errno, own.text)}`;
    case "krunEnter":
      return own && lacks(own.text, "");
    case "vmmJail":
      return `the VMM's ${WALLS[own?.text ?? ""] ?? "jail"}: ${reason}`;
  }
}

function watchProblem(errno: number, path: string): string {
  switch (errno) {
    case E2BIG:
      return `${path} takes the watched directories beyond 16384: mount and name fewer`;
    case ENOSPC:
      return `${path} has more directories than its user may watch: raise fs.fanotify.max_user_marks`;
    case ENOTDIR:
      return `${path} is a file: mount the directory that it is in, and name that`;
    case ENODEV:
    case EOPNOTSUPP:
    case EXDEV:
      return `${path} is on a filesystem of which fanotify tells no names (FUSE, a Btrfs subvolume): leave it out`;
    default:
      return `${path} cannot be watched: ${describeErrno(errno)}`;
  }
}

function loadProblem({ found, text }: Finding): string {
  if (found === "named") return `${text} is not libkrun; name the file of libkrun 1.x`;
  const reason = found === "missing" ? `${text}: no such file or directory` : text;
  return `libkrun cannot be loaded: ${reason}; install libkrun 1.x and run ldconfig`;
}

/** @param log what passt wrote; without a syslog on the host its first line complains of that. */
function passtProblem(errno: number, log: string): string {
  const what = errno === ESRCH
    ? "has ended"
    : errno === ETIMEDOUT
    ? "is not ready"
    : "has no interface with a route";
  const lines = log.split("\n").filter((line) => line && !line.endsWith(" to syslog"));
  return `passt ${what}: ${lines.join(", ")}; ` +
    "give the container a network with an address and a route, or leave krun.use_passt out";
}

function lacks(name: string, wantedBy: string): string {
  return `${
    wantedBy || "a microVM"
  } needs the function ${name}, which this libkrun does not have; ` +
    "install a newer libkrun, or one that was built with it";
}

/** The list may be arguments and variables, which may contain secrets. */
function shortList(texts: readonly string[]): string {
  return texts.length > 0 ? "[…]" : "[]";
}

/** The names in helper-c/vmm/jail/jail.c. */
const WALLS: Readonly<Record<string, string>> = {
  landlock: "Landlock rules",
  seccomp: "filter of system calls",
};
