/** microVMs: the everyday commands with `--annotation run.oci.handler=krun`. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { compileC } from "../../harness/c_program.ts";
import { runOk } from "../../harness/run.ts";
import { type CaseGroup, type Host } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { againAfterTripleFault } from "../again.ts";
import { untilSays } from "../until.ts";
import { IMAGE, type Podman } from "./podman.ts";

const KRUN = ["--annotation", "run.oci.handler=krun", "--annotation", "krun.ram_mib=256"];

/** Hosts on which microVMs really run. */
const REAL: readonly Host[] = ["v2"];

const RUN: CaseGroup<Podman> = {
  name: "microVMs",
  cases: [
    {
      command: "podman run --rm --annotation run.oci.handler=krun IMAGE sh -c 'uname -r; exit 7'",
      emulated: REAL,
      check: async (p) => {
        const words = ["run", "--rm", ...KRUN, IMAGE, "sh", "-c", "uname -r; exit 7"];
        const release = (await p.expect(7, words)).trim();
        assert(release && release !== Deno.osRelease(), release);
      },
    },
    {
      command: "podman run --rm -it (krun) IMAGE",
      emulated: REAL,
      check: async (p) => {
        const words = ["run", "--rm", "-it", ...KRUN, IMAGE];
        const output = await p.terminal([...words, "sh", "-c", "test -t 0 && echo terminal"]);
        assertStringIncludes(output, "terminal");
      },
    },
    {
      command:
        "podman run -d (krun) --annotation krun.watch=/data -v /host/directory:/data IMAGE (inotify)",
      emulated: REAL,
      check: async (p) => {
        const name = "watching";
        const volume = `${p.folder}/watched`;
        const tool = new URL("../../e2e/in_microvm_host/watch_tool.c", import.meta.url);
        await Deno.mkdir(volume);
        await runOk("mount", ["-t", "tmpfs", "tmpfs", volume]);
        try {
          await runOk("mv", [await compileC(tool), `${volume}/watch`]);
          const watch = ["--annotation", "krun.watch=/data", "-v", `${volume}:/data`];
          await againAfterTripleFault(async () => {
            await p.ok(
              "run",
              "-d",
              "--name",
              name,
              ...KRUN,
              ...watch,
              IMAGE,
              "/data/watch",
              "/data",
            );
            await untilSays(() => p.ok("logs", name), /^watching$/m);
          }, () => p.ok("rm", "--force", "--time", "0", name));
          await Deno.writeTextFile(`${volume}/new`, "12345");
          await untilSays(() => p.ok("logs", name), /^modify new 5$/m);
        } finally {
          await p.ok("rm", "--force", "--ignore", "--time", "0", name);
          await runOk("umount", [volume]);
        }
      },
    },
  ],
};

/** The microVM that the cases share, and the folder of the host that is mounted at /data in it. */
const NAME = "vm";
const data = (p: Podman) => `${p.folder}/data`;

/** The container's output so far. @throws {Error} when it has exited, so that no caller waits for more. */
async function written(p: Podman): Promise<string> {
  const state = await p.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", NAME);
  if (state.startsWith("exited")) throw new Error(`the microVM has ended: ${state.trim()}`);
  return await p.ok("logs", NAME);
}

/** The command boots it again. */
async function comesUp(p: Podman, command: "start" | "restart"): Promise<void> {
  const boots = (text: string) => text.split("up\n").length - 1;
  await againAfterTripleFault(async () => {
    const before = boots(await p.ok("logs", NAME));
    await p.ok(command, NAME);
    await untilSays(async () => `${boots(await written(p))}`, `${before + 1}`);
  });
}

const LASTING: CaseGroup<Podman> = {
  name: "a lasting microVM",
  setUp: async (p) => {
    await Deno.mkdir(data(p));
    const health = ["--health-cmd", "test -e /healthy", "--health-interval", "disable"];
    const options = ["-v", `${data(p)}:/data`, "-e", "NAME=value", "-w", "/data", ...health];
    const script = `echo $NAME $(pwd) > /data/file; ${LASTING_SCRIPT}`;
    const words = ["-d", "--name", NAME, ...KRUN, ...options, IMAGE, "sh", "-c", script];
    await againAfterTripleFault(async () => {
      await p.ok("run", ...words);
      await untilSays(() => written(p), "up\n");
    }, () => p.ok("rm", "--force", "--time", "0", NAME));
  },
  tearDown: async (p) => {
    await p.ok("rm", "--force", "--time", "0", NAME);
  },
  cases: [
    {
      command:
        "podman run -d (krun) -v /host/directory:/data -e NAME=value -w /data IMAGE; podman logs CONTAINER",
      emulated: REAL,
      check: async (p) => {
        assertEquals(await p.ok("logs", NAME), "up\n");
        assertEquals(await Deno.readTextFile(`${data(p)}/file`), "value /data\n");
      },
    },
    {
      command: "podman exec (krun) CONTAINER; podman exec --user 7 -e NAME=value -w /tmp CONTAINER",
      emulated: REAL,
      check: async (p) => {
        const release = (await p.ok("exec", NAME, "uname", "-r")).trim();
        assert(release && release !== Deno.osRelease(), release);
        const options = ["--user", "7", "-e", "NAME=other", "-w", "/tmp"];
        const script = "echo $(id -u) $NAME $(pwd); exit 4";
        const output = await p.expect(4, ["exec", ...options, NAME, "sh", "-c", script]);
        assertEquals(output, "7 other /tmp\n");
      },
    },
    {
      command: "podman exec -i (krun) CONTAINER cat; podman exec (krun) CONTAINER no-such-program",
      emulated: REAL,
      check: async (p) => {
        const words = ["exec", "-i", NAME, "cat"];
        assertEquals(await p.expect(0, words, { stdin: "typed\n" }), "typed\n");
        const { code, stderr } = await p.podman(["exec", NAME, "no-such-program"]);
        assertEquals(code, 127, stderr);
      },
    },
    {
      command: "podman exec -it (krun) CONTAINER",
      emulated: REAL,
      check: async (p) => {
        const output = await p.terminal(["exec", "-it", NAME, "sh", "-c", "test -t 0 && tty"]);
        assertStringIncludes(output, "/dev/pts/");
      },
    },
    {
      command: "podman healthcheck run (krun) CONTAINER",
      emulated: REAL,
      check: async (p) => {
        await p.expect(1, ["healthcheck", "run", NAME]);
        await p.ok("exec", NAME, "touch", "/healthy");
        await p.ok("healthcheck", "run", NAME);
      },
    },
    {
      command: "podman cp (krun) FILE CONTAINER:/FILE",
      emulated: REAL,
      check: async (p) => {
        await Deno.writeTextFile(`${p.folder}/to`, "copied\n");
        await p.ok("cp", `${p.folder}/to`, `${NAME}:/tmp/copied`);
        assertEquals(await p.ok("exec", NAME, "cat", "/tmp/copied"), "copied\n");
      },
    },
    {
      command: "podman stats --no-stream (krun) CONTAINER",
      emulated: REAL,
      check: async (p) => {
        const format = ["--format", "{{.MemUsage}} {{.PIDs}}"];
        const output = await p.ok("stats", "--no-stream", ...format, NAME);
        assertMatch(output, /^\S*[1-9]\S* \/ \S+ [1-9]/);
      },
    },
    {
      command: "podman pause (krun) CONTAINER; podman unpause CONTAINER",
      emulated: REAL,
      check: async (p) => {
        await p.ok("pause", NAME);
        assertEquals(await p.ok("inspect", "--format", "{{.State.Status}}", NAME), "paused\n");
        await p.ok("unpause", NAME);
        assertEquals(await p.ok("exec", NAME, "echo", "inside"), "inside\n");
      },
    },
    {
      command: "podman stop (krun) CONTAINER",
      emulated: REAL,
      check: async (p) => {
        await p.ok("stop", "--time", `${GRACE}`, NAME);
        const format = "{{.State.ExitCode}} {{.State.Status}}";
        assertEquals(await p.ok("inspect", "--format", format, NAME), "3 exited\n");
        assertEquals(await p.ok("logs", NAME), "up\nbye\n");
      },
    },
    {
      command:
        "podman start (krun) CONTAINER; podman restart CONTAINER; podman rm --force CONTAINER",
      emulated: REAL,
      check: async (p) => {
        await comesUp(p, "start");
        await comesUp(p, "restart");
        await p.ok("rm", "--force", "--time", "0", NAME);
        assertEquals(await p.ok("ps", "--all", "--quiet"), "");
      },
    },
  ],
};

export const MICROVMS = [RUN, LASTING];
