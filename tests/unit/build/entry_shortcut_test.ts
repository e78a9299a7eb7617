/** `delete` by the entry stub alone (helper-c/entry/shortcut.h), and all that makes it leave the command to the program. */
import { assertEquals } from "@std/assert";
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

/** A state folder as `create` leaves it, with a folder in the place of a cgroup. */
async function makeContainer(process = `${NOBODY} 1`): Promise<Container> {
  const root = await Deno.makeTempDir({ dir: FOLDER });
  const [state, cgroup] = [`${root}/box`, `${root}/cgroup`];
  await Deno.mkdir(state);
  await Deno.mkdir(cgroup);
  for (const name of ["state.json", "started.json"]) {
    await Deno.writeTextFile(`${state}/${name}`, "{}");
  }
  const lines = [
    `frozen ${root}/freeze`,
    `process ${process}`,
    `cgroup ${cgroup}`,
    `cgroup ${root}/gone`,
  ];
  await Deno.writeTextFile(`${state}/shortcut`, lines.map((line) => `${line}\n`).join(""));
  return { root, state, cgroup };
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Runs the packed program: its exit code. */
async function start(...args: string[]): Promise<number> {
  return (await run(PROGRAM, args, { timeout: 20 })).code;
}

Deno.test("the stub deletes a stopped container with its cgroup", async () => {
  const forms = [
    (root: string) => ["--root", root, "delete", "box"],
    (root: string) => [`--root=${root}`, "--systemd-cgroup", "delete", "--force", "box"],
    (root: string) => ["--root", root, "--log", "/x", "--log-format=json", "delete", "-f", "box"],
  ];
  for (const form of forms) {
    const { root } = await makeContainer();
    assertEquals(await start(...form(root)), 0);
    assertEquals(names(root), []);
  }
});

Deno.test("the stub leaves every command line that it does not know to the program", async () => {
  const { root, state } = await makeContainer();
  const before = names(state);
  const lines = [
    ["--root", root, "--debug", "delete", "box"],
    ["--root", root, "--log-format", "xml", "delete", "box"],
    ["--root", root, "delete", "--all", "box"],
    ["--root", root, "delete", "box", "other"],
    ["--root", root, "delete", "../box"],
    ["--root", root, "delete"],
    ["--root", root, "--root"],
    ["--root", `${root}/box/..`, "delete", "box"],
    ["--root", root, "kill", "box"],
    ["delete", "no-such-container"],
  ];
  for (const line of lines) assertEquals(await start(...line), PROGRAM_RAN, line.join(" "));
  assertEquals(names(state), before);
});

Deno.test("the stub does not delete a container that lives, nor takes another process for it", async () => {
  const stat = await Deno.readTextFile("/proc/self/stat");
  const time = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
  const live = await makeContainer(`${Deno.pid} ${time}`);
  assertEquals(await start("--root", live.root, "delete", "--force", "box"), PROGRAM_RAN);
  assertEquals(names(live.root), ["box", "cgroup"]);
  const recycled = await makeContainer(`${Deno.pid} ${time}0`);
  assertEquals(await start("--root", recycled.root, "delete", "box"), 0);
});

Deno.test("the stub deletes nothing where it finds what it does not know", async () => {
  const strange: readonly ((container: Container) => Promise<void>)[] = [
    ({ state }) => Deno.writeTextFile(`${state}/strange`, ""),
    ({ state }) => Deno.remove(`${state}/shortcut`),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, ""),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, "process x\n"),
    ({ state }) => Deno.writeTextFile(`${state}/shortcut`, "x".repeat(20_000)),
    ({ cgroup }) => Deno.mkdir(`${cgroup}/sub`),
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

Deno.test("the stub does not start where nobody listens", async () => {
  const { root, state } = await makeContainer();
  await Deno.writeTextFile(`${root}/freeze`, "0\n");
  assertEquals(await start("--root", root, "start", "box"), PROGRAM_RAN);
  assertEquals(names(state), ["shortcut", "started.json", "state.json"]);
});
