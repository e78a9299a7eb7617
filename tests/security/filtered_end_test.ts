/** Filters under which a stage of kago's can neither run the program nor end as it would. Needs root. */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { attack, KINDS, type Scene } from "./attack.ts";

const ENDS = ["exit_group", "exit", "kill", "tkill", "tgkill", "rt_sigaction", "rt_sigprocmask"];
const EXECS = ["execve", "execveat"];
const EPERM = 1;
const EINTR = 4;

function refusing(names: readonly string[], errnoRet: number) {
  const syscalls = [{ names, action: "SCMP_ACT_ERRNO", errnoRet }];
  return { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

const FILTERS: Record<string, Record<string, unknown>> = {
  "no way out": refusing([...EXECS, ...ENDS], EPERM),
  "no way out and no word": refusing(
    [...EXECS, ...ENDS, "sendmsg", "sendto", "write", "close"],
    EINTR,
  ),
  "nothing at all": { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: EPERM },
  "nothing but interruptions": { defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: EINTR },
};

/** Runs kago in a pid namespace, and fails when it succeeds, takes long, or leaves a process. */
async function failAlone({ kago }: Scene, script: string): Promise<string> {
  const told = `${script}; echo ended $?; grep -h ^Name: /proc/[0-9]*/status`;
  const words = ["--pid", "--fork", "--mount-proc", "--propagation", "unchanged", "--kill-child"];
  const arguments_ = [KAGO, kago.root, kago.bundle.path, kago.id];
  const args = [...words, "sh", "-c", told, ...arguments_];
  const { stdout, stderr } = await run("unshare", args, {
    env: { OPTIONS: kago.globals.join(" ") },
    timeout: 30,
  });
  const [, code, left] = /^ended (\d+)\n([^]*)$/m.exec(stdout) ?? [];
  assert(code !== undefined, stdout + stderr);
  assertNotEquals(code, "0", stderr);
  // The shell itself, and grep.
  assertEquals(left!.split("\n").filter((line) => !/^Name:\t(sh|grep)$|^$/.test(line)), []);
  return stderr;
}

const RUN = '"$0" --root "$1" $OPTIONS run --bundle "$2" "$3"';

for (const [name, seccomp] of Object.entries(FILTERS)) {
  for (const noNewPrivileges of [true, false]) {
    const kind = noNewPrivileges ? "with" : "without";
    attack(
      `run ends and leaves nothing under a filter that allows ${name}, ${kind} no_new_privs`,
      () => ({ args: ["true"], config: { process: { noNewPrivileges }, linux: { seccomp } } }),
      async (scene) => {
        await failAlone(scene, RUN);
      },
      // The double of libkrun waits for a pipe that it cannot close.
      name.endsWith("word") ? ["process"] : KINDS,
    );
  }
}

attack(
  "a hook that may neither run nor exit is an error of run",
  () => ({
    args: ["true"],
    config: {
      hooks: { startContainer: [{ path: "/bin/true" }] },
      linux: { seccomp: refusing([...EXECS, ...ENDS], EPERM) },
    },
  }),
  async (scene) => {
    assertStringIncludes(await failAlone(scene, RUN), "hooks.startContainer[0]");
  },
);

attack(
  "a container that waits for start under a filter that interrupts it for ever is gone",
  () => ({
    args: ["true"],
    config: {
      process: { noNewPrivileges: false },
      linux: { seccomp: refusing([...ENDS, "accept4", "recvfrom"], EINTR) },
    },
  }),
  async (scene) => {
    // It may end before `create` does, or after. Without --force a container that has not ended stays.
    const create =
      '"$0" --root "$1" create --bundle "$2" "$3" >/dev/null 2>&1 </dev/null || exit 9';
    const state = '"$0" --root "$1" state "$3"';
    const wait = `for i in $(seq 100); do ${state} | grep -q stopped && break; sleep 0.1; done`;
    const remove = '"$0" --root "$1" delete "$3" && exit 9';
    assertEquals(await failAlone(scene, `(${create}; ${wait}; ${remove})`), "");
  },
  ["process"],
);
