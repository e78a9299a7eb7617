/**
 * A process that can trace a stage of kago is root on the host. No stage is dumpable from its first instruction until
 * it becomes the user's program: every call that makes a process dumpable is listed, and so is every exec, because
 * exec(2) makes its process dumpable again.
 */
import { type Call, calls, type Finding, isC, lineOf, type Lint, type Source } from "./source.ts";

const EXECS =
  /(?:sys_)?execveat|execve|fexecve|execvp?e?|execlp?e?|posix_spawnp?|system|popen|raw_syscall|system_call/;
const PRCTLS = /prctl|raw_syscall|system_call/;

const BY_EXEC =
  "executes a program, which is dumpable then: a program of kago's is executed by exec_hidden()";
const BY_PRCTL = "makes itself dumpable: leave it as it is, and let Main do what needs it";

function find(source: Source): Finding[] {
  if (!isC(source)) return [];
  return [
    ...calls(source, PRCTLS).filter(isRaise).map((call) => ({ call, why: BY_PRCTL })),
    ...calls(source, EXECS).filter(isExec).map((call) => ({ call, why: BY_EXEC })),
  ].map(({ call, why }) => ({
    file: source.file,
    line: lineOf(source.text, call.offset),
    place: call.place,
    why,
  }));
}

function isRaise({ args }: Call): boolean {
  const at = args.indexOf("PR_SET_DUMPABLE");
  return at >= 0 && args[at + 1] !== "0";
}

/** Excludes the definition of such a function. */
function isExec({ name, args, place }: Call): boolean {
  const byNumber = name === "raw_syscall" || name === "system_call";
  return byNumber ? /^(SYS|__NR)_execve(at)?$/.test(args[0]!) : place !== name;
}

export const DUMPABLE: Lint = {
  name: "dumpable stages",
  find,
  exceptions: [
    {
      file: "helper-c/common/exec_hidden.c",
      place: "exec_hidden",
      reason: "It executes what it may not read.",
    },
    {
      file: "helper-c/common/kernel.h",
      place: "sys_execveat",
      reason: "The call itself, whose callers are looked at.",
    },
    {
      file: "helper-c/stage/op_namespace.c",
      place: "op_dumpable",
      reason: "Another user's Main writes id maps, and root's stages refuse.",
    },
    {
      file: "helper-c/stage/op_exec.c",
      place: "op_exec",
      reason: "It becomes the user's program.",
    },
    {
      file: "helper-c/stage/hook.c",
      reason: "The hook is a program of the host's or the container's.",
    },
    { file: "helper-c/vmm/peer.c", reason: "It is a program of the host's." },
  ],
};
