/** Commands by the entry stub alone (helper-c/entry/shortcut.h), and all that makes it leave them to the program. */
import { assertEquals } from "@std/assert";
import { GLOBAL_OPTIONS } from "../../../runtime/cli/common_options.ts";
import { COMMANDS } from "../../../runtime/cli/command_table.ts";
import { processStartTime } from "../../../runtime/state/live_status.ts";
import { run } from "../../harness/run.ts";
import { packPrintStart } from "./packed_print_start.ts";

const { folder: FOLDER, program: PROGRAM } = await packPrintStart();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

/** The program's own exit code, when the stub has started it. */
const PROGRAM_RAN = 3;
/** Above what Linux gives out (proc(5), pid_max). */
const NOBODY = 4_194_305;

interface Container {
  readonly root: string;
  readonly state: string;
  readonly cgroup: string;
}

interface Kind {
  /** Pid and start time. */
  readonly process?: string;
  /** Lines behind `process`, but for the freezer. */
  readonly lines?: readonly string[];
  readonly output?: string;
  readonly stored?: "created" | "running";
}

const OUTPUT = '{ "pid": \x01, "status": "\x02", "\x01": "\x02" }';

/** A state folder as `create` leaves it, with a folder in place of a cgroup v2. */
async function makeContainer(kind: Kind = {}): Promise<Container> {
  const { process = `${NOBODY} 1`, output = OUTPUT, stored = "created" } = kind;
  const root = await Deno.makeTempDir({ dir: FOLDER });
  const [state, cgroup] = [`${root}/box`, `${root}/cgroup`];
  await Deno.mkdir(state);
  await Deno.mkdir(cgroup);
  await setFrozen(cgroup, false);
  for (const name of ["state.json", "started.json"]) {
    await Deno.writeTextFile(`${state}/${name}`, "{}");
  }
  const lines = kind.lines ?? ["kill init", "plain 1", `cgroup ${root}/gone`];
  const { ino, size, mtime } = await Deno.stat(`${state}/state.json`);
  const all = [
    `${stored} ${ino} ${size} ${mtime!.getTime()}`,
    `process ${process}`,
    `freezer 2 ${cgroup}`,
    ...lines,
  ];
  await Deno.writeTextFile(`${state}/shortcut`, `${all.join("\n")}\n\n${output}\n`);
  return { root, state, cgroup };
}

async function setFrozen(cgroup: string, frozen: boolean): Promise<void> {
  await Deno.writeTextFile(`${cgroup}/cgroup.freeze`, `${Number(frozen)}\n`);
  await Deno.writeTextFile(`${cgroup}/cgroup.events`, `populated 1\nfrozen ${Number(frozen)}\n`);
}

/** A process that lives, and the words for it. */
async function withProcess(
  use: (process: string, child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const ending = new AbortController();
  const child = new Deno.Command("sleep", {
    args: ["1000"],
    stdin: "null",
    signal: ending.signal,
  }).spawn();
  try {
    await use(`${child.pid} ${processStartTime(child.pid)}`, child);
  } finally {
    ending.abort();
    await child.status;
  }
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Runs the packed program: its exit code. */
async function start(...args: string[]): Promise<number> {
  // One of the lines names a log, which is created in the working directory.
  return (await run(PROGRAM, args, { timeout: 20, cwd: FOLDER })).code;
}

Deno.test("the stub deletes a stopped container", async () => {
  const forms = [
    (root: string) => ["--root", root, "delete", "box"],
    (root: string) => [`--root=${root}`, "--systemd-cgroup", "delete", "--force", "box"],
    (root: string) => ["--libkrun", "/x", "--handler=krun", "--root", root, "delete", "box"],
    (
      root: string,
    ) => ["--cgroup-manager", "systemd", "--rootless=auto", "--root", root, "delete", "box"],
    (root: string) => ["--root", root, "--log", "/x", "--log-format=json", "delete", "-f", "box"],
  ];
  for (const form of forms) {
    const { root, cgroup } = await makeContainer();
    await Deno.writeTextFile(`${root}/box/config.json`, "{}");
    assertEquals(await start(...form(root)), 0);
    assertEquals(names(root), ["cgroup"]);
    assertEquals(names(cgroup), ["cgroup.events", "cgroup.freeze"]);
  }
});

Deno.test("the stub leaves every command line that it does not know to the program", async () => {
  const { root, state } = await makeContainer();
  const before = names(state);
  const lines = [
    ["--root", root, "--debug", "delete", "box"],
    ["--root", root, "--log-format", "xml", "delete", "box"],
    ["--root", root, "--cgroup-manager=none", "delete", "box"],
    ["--root", root, "--cgroup-manager", "delete", "box"],
    ["--root", root, "--log", "delete", "box"],
    ["--root", root, "--systemd-cgroup=true", "delete", "box"],
    ["--root", root, "delete", "--all", "box"],
    ["--root", root, "delete", "box", "other"],
    ["--root", root, "delete", "../box"],
    ["--root", root, "delete"],
    ["--root", root, "--root"],
    ["--root", `${root}/box/..`, "delete", "box"],
    ["--root", root, "kill", "--all", "box"],
    ["--root", root, "kill", "box", "RTMIN"],
    ["--root", root, "kill", "box", "65"],
    ["--root", root, "kill", "box", "-1"],
    ["--root", root, "kill", "box", "TERM", "x"],
    ["--root", root, "state", "box", "x"],
    ["--root", root, "list"],
    ["delete", "no-such-container"],
  ];
  for (const line of lines) assertEquals(await start(...line), PROGRAM_RAN, line.join(" "));
  assertEquals(names(state), before);
});

Deno.test("the stub does not delete a container that lives, nor takes another process for it", async () => {
  await withProcess(async (process) => {
    const live = await makeContainer({ process });
    assertEquals(await start("--root", live.root, "delete", "--force", "box"), PROGRAM_RAN);
    assertEquals(names(live.root), ["box", "cgroup"]);
    const recycled = await makeContainer({ process: `${process}0` });
    assertEquals(await start("--root", recycled.root, "kill", "box", "0"), PROGRAM_RAN);
    assertEquals(await start("--root", recycled.root, "delete", "box"), 0);
  });
});

Deno.test("the stub deletes nothing where it finds what it does not know", async () => {
  const strange: readonly ((container: Container) => Promise<void>)[] = [
    ({ state }) => Deno.writeTextFile(`${state}/strange`, ""),
    ({ state }) => Deno.remove(`${state}/shortcut`),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, ""),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, "process x\n"),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, "x".repeat(20_000)),
    ({ state }) => Deno.writeTextFile(`${state}/state.json`, "{ }"),
    async ({ state }) => {
      await Deno.rename(`${state}/state.json`, `${state}/started.json`);
      await Deno.copyFile(`${state}/started.json`, `${state}/state.json`);
    },
    ({ root }) => Deno.mkdir(`${root}/gone/sub`, { recursive: true }),
    async ({ state, root }) => {
      await Deno.rename(state, `${root}/elsewhere`);
      await Deno.symlink("elsewhere", state);
    },
  ];
  for (const change of strange) {
    const container = await makeContainer();
    await change(container);
    assertEquals(await start("--root", container.root, "delete", "box"), PROGRAM_RAN, `${change}`);
    assertEquals(names(container.state).includes("state.json"), true, `${change}`);
  }
});

Deno.test("the stub leaves starting and deleting what is not plain to the program", async () => {
  const { root } = await makeContainer({ lines: ["kill init"] });
  for (const command of ["start", "delete"]) {
    assertEquals(await start("--root", root, command, "box"), PROGRAM_RAN);
  }
  assertEquals(names(root), ["box", "cgroup"]);
});

Deno.test("the stub does not start where nobody listens", async () => {
  const { root, state } = await makeContainer();
  assertEquals(await start("--root", root, "start", "box"), PROGRAM_RAN);
  assertEquals(names(state), ["shortcut", "started.json", "state.json"]);
});

Deno.test("the stub prints a state with the pid and the status that hold, each once", async () => {
  await withProcess(async (process) => {
    const stateOf = async ({ root }: Container) => {
      const { code, stdout } = await run(PROGRAM, ["--root", root, "state", "box"]);
      assertEquals(code, 0);
      return stdout;
    };
    const pid = process.split(" ")[0];
    const container = await makeContainer({ process });
    assertEquals(await stateOf(container), `{ "pid": ${pid}, "status": "created", "": "" }\n`);
    await setFrozen(container.cgroup, true);
    assertEquals(await stateOf(container), `{ "pid": ${pid}, "status": "paused", "": "" }\n`);
    const running = await makeContainer({ process, stored: "running" });
    assertEquals(await stateOf(running), `{ "pid": ${pid}, "status": "running", "": "" }\n`);
    const stopped = await makeContainer();
    assertEquals(await stateOf(stopped), '{ "pid": 0, "status": "stopped", "": "" }\n');
  });
});

Deno.test("the stub prints no state that it cannot tell whole", async () => {
  const { root, state, cgroup } = await makeContainer({ process: `${Deno.pid} x` });
  await Deno.remove(`${cgroup}/cgroup.freeze`);
  assertEquals(await start("--root", root, "state", "box"), 0, "it is stopped");
  await withProcess(async (process) => {
    const live = await makeContainer({ process });
    await Deno.remove(`${live.cgroup}/cgroup.freeze`);
    assertEquals(await start("--root", live.root, "state", "box"), PROGRAM_RAN);
  });
  const text = await Deno.readTextFile(`${state}/shortcut`);
  await Deno.writeTextFile(`${state}/shortcut`, text.slice(0, text.indexOf("\n\n") + 1));
  assertEquals(await start("--root", root, "state", "box"), PROGRAM_RAN);
  const { code } = await run("sh", ["-c", '"$0" --root "$1" state box >&-', PROGRAM, root]);
  assertEquals(code, PROGRAM_RAN);
});

Deno.test("the stub sends signals by name and number", async () => {
  for (
    const [words, signal] of Object.entries({
      "": "SIGTERM",
      "KILL": "SIGKILL",
      "sigint": "SIGINT",
      "SigIot": "SIGABRT",
      "010": "SIGUSR1",
    })
  ) {
    await withProcess(async (process, child) => {
      const { root } = await makeContainer({ process });
      const args = ["--root", root, "kill", "box", ...(words ? [words] : [])];
      assertEquals(await start(...args), 0, words);
      assertEquals((await child.status).signal, signal);
    });
  }
});

Deno.test("the stub leaves signals that reach others than the process to the program", async () => {
  await withProcess(async (process) => {
    const kill = async (whom: string, signal: string, frozen = false) => {
      const { root, cgroup } = await makeContainer({ process, lines: [`kill ${whom}`] });
      await setFrozen(cgroup, frozen);
      return await start("--root", root, "kill", "box", signal);
    };
    assertEquals(await kill("init but KILL", "KILL"), PROGRAM_RAN);
    assertEquals(await kill("init but KILL", "WINCH"), 0);
    assertEquals(await kill("init with KILL", "WINCH"), PROGRAM_RAN);
    assertEquals(await kill("init", "KILL", true), PROGRAM_RAN);
    assertEquals(await kill("init with KILL", "KILL"), 0);
  });
});

Deno.test("the stub pauses and resumes by the freezer's files", async () => {
  await withProcess(async (process) => {
    const { root, cgroup } = await makeContainer({ process, stored: "running" });
    const order = () => Deno.readTextFile(`${cgroup}/cgroup.freeze`);
    assertEquals(await start("--root", root, "resume", "box"), PROGRAM_RAN, "it is not paused");
    // No kernel is behind these files.
    await Deno.writeTextFile(`${cgroup}/cgroup.events`, "populated 1\nfrozen 1\n");
    assertEquals(await start("--root", root, "pause", "box"), 0);
    assertEquals(await order(), "1\n");
    assertEquals(await start("--root", root, "pause", "box"), PROGRAM_RAN, "it is paused");
    assertEquals(await start("--root", root, "resume", "box"), 0);
    await Deno.writeTextFile(`${cgroup}/cgroup.events`, "populated 1\nfrozen 0\n");
    assertEquals(await start("--root", root, "pause", "box"), PROGRAM_RAN, "it does not freeze");
    assertEquals(await order(), "0\n");
  });
});

Deno.test("the stub deletes by force what is not there", async () => {
  const root = await Deno.makeTempDir({ dir: FOLDER });
  assertEquals(await start("--root", root, "delete", "--force", "box"), 0);
  assertEquals(await start("--root", `${root}/none`, "delete", "-f", "box"), 0);
  assertEquals(await start("--root", root, "delete", "box"), PROGRAM_RAN);
  await Deno.mkdir(`${root}/box`);
  assertEquals(await start("--root", root, "delete", "--force", "box"), PROGRAM_RAN);
});

Deno.test("the stub's words are the command line's", async () => {
  const header = new URL("../../../helper-c/entry/shortcut_arguments.h", import.meta.url);
  const source = await Deno.readTextFile(header);
  const [, commands] = /names\[\] = "(.*)\\0"/.exec(source)!;
  assertEquals(commands!.split("\\0").filter((name) => !(name in COMMANDS)), []);
  const options = [...source.matchAll(/is_option\("([\w-]+)"/g)].map(([, name]) => name);
  const known = GLOBAL_OPTIONS.map(({ name }) => `${name}`);
  assertEquals(options.filter((name) => !known.includes(name!)), []);
});
