/** The sources of the stages, read for what would make one dumpable. */
import { assertEquals } from "@std/assert";

const SOURCES = new URL("../../../helper-c/", import.meta.url);

/** Lines of kago's C programs, tests aside, as `FILE: LINE`. */
function linesOf(folder: URL, prefix = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) {
      const below = new URL(`${name}/`, folder);
      return name === "tests" || name === "fuzz" ? [] : linesOf(below, `${prefix}${name}/`);
    }
    if (!/\.[ch]$/.test(name)) return [];
    const text = Deno.readTextFileSync(new URL(name, folder));
    return text.split("\n").map((line) => `${prefix}${name}: ${line.trim()}`);
  }).sort();
}

Deno.test("nothing but the operation of that name makes a stage dumpable", () => {
  const setting = linesOf(SOURCES).filter((line) => line.includes("PR_SET_DUMPABLE"));
  assertEquals(setting, [
    "entry/entry.c: system_call(__NR_prctl, PR_SET_DUMPABLE, 0, 0, 0);",
    "exec_hidden.c: void stay_hidden(void) { raw_syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0, 0); }",
    "op_namespace.c: return as_result(prctl(PR_SET_DUMPABLE, f[0].number ? 1 : 0, 0, 0, 0));",
  ]);
});

Deno.test("programs of kago's own are executed hidden, and by no other call", () => {
  const call = /\b(?:sys_execveat|f?exec[lv]p?e?|posix_spawnp?)\([^\d)][^)]*\)/;
  const execs = linesOf(SOURCES).filter((line) => !line.includes("inline int"))
    .flatMap((line) => call.exec(line)?.map((found) => `${line.split(":")[0]}: ${found}`) ?? []);
  assertEquals(execs, [
    'exec_hidden.c: sys_execveat(fd, "", argv, envp, AT_EMPTY_PATH)',
    "hook.c: posix_spawn(pid, hook->path, &actions, &attributes, hook->argv, hook->envp)",
    "op_exec.c: execve(c->program, argv, envp)",
    "vmm/peer.c: posix_spawn(&pid, path, &actions, &attributes, argv, environment)",
  ]);
});
