/** microVMs with a separate runtime, because this Docker has no `--annotation`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CaseGroup, Host } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { againAfterTripleFault } from "../again.ts";
import { untilSays } from "../until.ts";
import { type Docker, IMAGE } from "./docker.ts";

/** Hosts on which microVMs really run. */
const REAL: readonly Host[] = ["v2"];

/** The microVM that the cases share. */
const VM = "vm";

/** The container's output so far. @throws {Error} when it has exited, so that no caller waits for more. */
async function written(d: Docker): Promise<string> {
  const state = await d.ok("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", VM);
  if (state.startsWith("exited")) throw new Error(`the microVM has ended: ${state.trim()}`);
  return await d.ok("logs", VM);
}

export const MICROVM: CaseGroup<Docker> = {
  name: "a microVM",
  setUp: async (d) => {
    const health = ["--health-cmd", "test -e /healthy", "--health-interval", "1s"];
    const options = ["-d", "--name", VM, "--memory", "512m", ...health];
    await againAfterTripleFault(async () => {
      await d.ok("run", ...options, IMAGE, "sh", "-c", LASTING_SCRIPT);
      await untilSays(() => written(d), "up\n");
    }, () => d.ok("rm", "--force", VM));
  },
  tearDown: async (d) => {
    await d.ok("rm", "--force", VM);
  },
  cases: [
    {
      command: "docker run -d --runtime krun IMAGE; docker logs CONTAINER",
      emulated: REAL,
      check: async (d) => assertEquals(await d.ok("logs", VM), "up\n"),
    },
    {
      command: "docker exec (krun) CONTAINER; docker exec --user 7 -e NAME=value -w /tmp CONTAINER",
      emulated: REAL,
      check: async (d) => {
        const release = (await d.ok("exec", VM, "uname", "-r")).trim();
        assert(release && release !== Deno.osRelease(), release);
        const options = ["--user", "7", "-e", "NAME=value", "-w", "/tmp"];
        const script = "echo $(id -u) $NAME $(pwd); exit 4";
        const output = await d.expect(4, ["exec", ...options, VM, "sh", "-c", script]);
        assertEquals(output, "7 value /tmp\n");
      },
    },
    {
      command: "docker exec -it (krun) CONTAINER",
      emulated: REAL,
      check: async (d) => {
        const output = await d.terminal(["exec", "-it", VM, "sh", "-c", "test -t 0 && tty"]);
        assertStringIncludes(output, "/dev/pts/");
      },
    },
    {
      command: "docker run --health-cmd PROGRAM --health-interval 1s (krun) IMAGE",
      emulated: REAL,
      check: async (d) => {
        await d.ok("exec", VM, "touch", "/healthy");
        const format = "{{.State.Health.Status}}";
        await untilSays(() => d.ok("inspect", "--format", format, VM), "healthy\n");
      },
    },
    {
      command: "docker stop (krun) CONTAINER",
      emulated: REAL,
      check: async (d) => {
        await d.ok("stop", "--time", `${GRACE}`, VM);
        assertEquals(await d.ok("inspect", "--format", "{{.State.ExitCode}}", VM), "3\n");
        // dockerd waits only two seconds for the end of the output.
        await untilSays(() => d.ok("logs", VM), "up\nbye\n");
      },
    },
  ],
};
