/**
 * Whoever can trace a stage of kago's is root of the host. No stage is dumpable from its first instruction until it becomes
 * the user's program: what makes a process dumpable is listed, and so is what executes a program, because exec(2) makes its
 * process dumpable again.
 */
import { calls, type Finding, isC, lineOf, type Lint, type Source } from "./source.ts";

const EXECS =
  /(?:sys_)?execveat|execve|fexecve|execvp?e?|execlp?e?|posix_spawnp?|system|popen|exec_hidden/;
const PRCTLS = /prctl|raw_syscall/;

const BY_EXEC =
  "executes a program, which is dumpable then: a program of kago's goes by what keeps it hidden";
const BY_PRCTL = "makes itself dumpable: leave it as it is, and let Main do what needs it";

function find(source: Source): Finding[] {
  if (!isC(source)) return [];
  const raised = calls(source, PRCTLS).filter(({ args }) => {
    const at = args.indexOf("PR_SET_DUMPABLE");
    return at >= 0 && args[at + 1] !== "0";
  });
  const execs = calls(source, EXECS).filter(({ place, name }) => place !== name);
  return [
    ...raised.map((call) => ({ call, why: BY_PRCTL })),
    ...execs.map((call) => ({ call, why: BY_EXEC })),
  ]
    .map(({ call, why }) => ({
      file: source.file,
      line: lineOf(source.text, call.offset),
      place: call.place,
      why,
    }));
}

export const DUMPABLE: Lint = {
  name: "dumpable stages",
  find,
  exceptions: [
    { file: "helper-c/op_exec.c", place: "op_exec", reason: "It becomes the user's program." },
    { file: "helper-c/hook.c", reason: "The hook is a program of the host's or the container's." },
    { file: "helper-c/vmm/peer.c", reason: "It is a program of the host's." },
  ],
};
