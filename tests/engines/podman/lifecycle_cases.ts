/** A running container: what podman does to it from outside. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type CaseGroup, EMULATED } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { IMAGE, type Podman } from "./podman.ts";

/** The container that the cases share. */
const NAME = "lasting";

export const LASTING: CaseGroup<Podman> = {
  name: "a lasting container",
  setUp: async (p) => {
    const health = ["--health-cmd", "test -e /healthy", "--health-interval", "disable"];
    const options = ["-d", "--name", NAME, "--memory", "64m", "--pids-limit", "50", ...health];
    await p.ok("run", ...options, IMAGE, "sh", "-c", LASTING_SCRIPT);
  },
  tearDown: async (p) => {
    await p.ok("rm", "--force", "--time", "0", NAME);
  },
  cases: [
    {
      command: "podman run -d IMAGE; podman logs CONTAINER",
      emulated: EMULATED,
      check: (p) => untilSays(() => p.ok("logs", NAME), "up\n"),
    },
    {
      command: "podman ps; podman inspect CONTAINER",
      check: async (p) => {
        assertStringIncludes(await p.ok("ps", "--format", "{{.Names}} {{.Status}}"), `${NAME} Up`);
        const inspected = JSON.parse(await p.ok("inspect", NAME))[0];
        assertEquals(inspected.State.Status, "running");
        assertStringIncludes(inspected.OCIRuntime, p.runtime);
        assert(inspected.State.Pid > 0);
      },
    },
    {
      command: "podman exec CONTAINER; podman exec --user 7 -e NAME=value -w /tmp CONTAINER",
      emulated: EMULATED,
      check: async (p) => {
        assertEquals(await p.ok("exec", NAME, "echo", "inside"), "inside\n");
        const options = ["--user", "7", "-e", "NAME=value", "-w", "/tmp"];
        const script = "echo $(id -u) $NAME $(pwd); exit 4";
        const output = await p.expect(4, ["exec", ...options, NAME, "sh", "-c", script]);
        assertEquals(output, "7 value /tmp\n");
      },
    },
    {
      command: "podman exec -i CONTAINER cat; podman exec --detach CONTAINER",
      check: async (p) => {
        const words = ["exec", "-i", NAME, "cat"];
        assertEquals(await p.expect(0, words, { stdin: "typed\n" }), "typed\n");
        await p.ok("exec", "--detach", NAME, "touch", "/tmp/detached");
        await untilSays(() => p.ok("exec", NAME, "ls", "/tmp"), /detached/);
      },
    },
    {
      command: "podman exec CONTAINER no-such-program (127)",
      check: async (p) => {
        const { code, stderr } = await p.podman(["exec", NAME, "no-such-program"]);
        assertEquals(code, 127, stderr);
      },
    },
    {
      command: "podman exec -it CONTAINER",
      emulated: ["v2", "rootless"],
      check: async (p) => {
        const output = await p.terminal(["exec", "-it", NAME, "sh", "-c", "test -t 0 && tty"]);
        assertStringIncludes(output, "/dev/pts/");
      },
    },
    {
      command: "podman healthcheck run CONTAINER",
      check: async (p) => {
        await p.expect(1, ["healthcheck", "run", NAME]);
        await p.ok("exec", NAME, "touch", "/healthy");
        await p.ok("healthcheck", "run", NAME);
      },
    },
    {
      command: "podman top CONTAINER",
      check: async (p) => assertStringIncludes(await p.ok("top", NAME, "pid", "args"), "trap"),
    },
    {
      command: "podman stats --no-stream CONTAINER",
      emulated: EMULATED,
      check: async (p) => {
        const output = await p.ok(
          "stats",
          "--no-stream",
          "--format",
          "{{.MemUsage}} {{.PIDs}}",
          NAME,
        );
        assertMatch(output, /^\S*[1-9]\S* \/ 6\d\.\d+MB [1-9]/);
      },
    },
    {
      command: "podman cp FILE CONTAINER:/FILE; podman cp CONTAINER:/FILE FILE",
      check: async (p) => {
        await Deno.writeTextFile(`${p.folder}/to`, "copied\n");
        await p.ok("cp", `${p.folder}/to`, `${NAME}:/tmp/copied`);
        await p.ok("cp", `${NAME}:/tmp/copied`, `${p.folder}/from`);
        assertEquals(await Deno.readTextFile(`${p.folder}/from`), "copied\n");
      },
    },
    {
      command: "podman diff CONTAINER; podman port CONTAINER; podman rename",
      check: async (p) => {
        assertStringIncludes(await p.ok("diff", NAME), "/tmp/copied");
        await p.ok("rename", NAME, "renamed");
        await p.ok("rename", "renamed", NAME);
      },
    },
    {
      command: "podman update --memory 128m CONTAINER",
      emulated: EMULATED,
      check: async (p) => {
        await p.ok("update", "--memory", "128m", NAME);
        const file = p.host === "v1" ? "memory.limit_in_bytes" : "memory.max";
        assertEquals(await cgroupValue(p, "memory", file), `${128 * 1024 * 1024}`);
      },
    },
    {
      command: "podman pause CONTAINER; podman unpause CONTAINER",
      emulated: EMULATED,
      check: async (p) => {
        await p.ok("pause", NAME);
        assertEquals(await p.ok("inspect", "--format", "{{.State.Status}}", NAME), "paused\n");
        await p.ok("unpause", NAME);
        assertEquals(await p.ok("inspect", "--format", "{{.State.Status}}", NAME), "running\n");
      },
    },
    {
      command: "podman kill --signal USR1 CONTAINER",
      emulated: ["systemd", "rootless"],
      check: async (p) => {
        await p.ok("kill", "--signal", "USR1", NAME);
        await untilSays(() => p.ok("logs", NAME), "up\ntold\n");
      },
    },
    {
      command: "podman stop CONTAINER",
      emulated: EMULATED,
      check: async (p) => {
        await p.ok("stop", "--time", `${GRACE}`, NAME);
        assertEquals(
          await p.ok("inspect", "--format", "{{.State.ExitCode}} {{.State.Status}}", NAME),
          "3 exited\n",
        );
        assertMatch(await p.ok("logs", NAME), /^up\n(told\n)?bye\n$/);
      },
    },
    {
      command: "podman start CONTAINER; podman restart CONTAINER; podman kill CONTAINER",
      emulated: ["v2"],
      check: async (p) => {
        await p.ok("start", NAME);
        const first = await pidOf(p);
        await p.ok("restart", "--time", "1", NAME);
        const second = await pidOf(p);
        assert(second > 0 && second !== first, `${first} ${second}`);
        await p.ok("kill", NAME);
        assertEquals(await p.ok("wait", NAME), "137\n");
      },
    },
    {
      command: "podman rm --force CONTAINER",
      check: async (p) => {
        await p.ok("run", "-d", "--name", "doomed", IMAGE, "sleep", "1000");
        await p.ok("rm", "--force", "--time", "0", "doomed");
        assertEquals(await p.ok("ps", "--all", "--quiet", "--filter", "name=doomed"), "");
      },
    },
    {
      command: "podman create IMAGE; podman init CONTAINER; podman start --attach CONTAINER",
      check: async (p) => {
        await p.ok("create", "--name", "made", IMAGE, "echo", "attached");
        await p.ok("init", "made");
        assertEquals(await p.ok("start", "--attach", "made"), "attached\n");
        assertEquals(await p.ok("wait", "made"), "0\n");
        await p.ok("rm", "made");
      },
    },
    {
      command: "podman commit CONTAINER IMAGE",
      check: async (p) => {
        await p.ok("commit", "--quiet", NAME, "localhost/committed");
        assertEquals(await p.run("localhost/committed", "echo", "x"), "x\n");
      },
    },
  ],
};

/** A file of the container's cgroup, read from outside. */
async function cgroupValue(p: Podman, controller: string, file: string): Promise<string> {
  const own = (await Deno.readTextFile(`/proc/${await pidOf(p)}/cgroup`)).split("\n")
    .map((line) => line.split(":"))
    .find(([, controllers]) => controllers === (p.host === "v1" ? controller : ""));
  const top = `/sys/fs/cgroup${p.host === "v1" ? `/${controller}` : ""}`;
  return (await Deno.readTextFile(`${top}${own![2]}/${file}`)).trim();
}

async function pidOf(p: Podman): Promise<number> {
  return Number(await p.ok("inspect", "--format", "{{.State.Pid}}", NAME));
}

export const PODS: CaseGroup<Podman> = {
  name: "pods",
  cases: [
    {
      command: "podman pod create; podman run --pod POD IMAGE; podman pod rm",
      emulated: EMULATED,
      check: async (p) => {
        // The pause program of Debian's podman is catatonit, in an image that podman builds from it.
        await p.ok("pod", "create", "--name", "pod", "--infra=false");
        await p.ok("run", "-d", "--name", "in-pod", "--pod", "pod", IMAGE, "sleep", "1000");
        assertStringIncludes(
          await p.ok("pod", "ps", "--format", "{{.Name}} {{.Status}}"),
          "pod Running",
        );
        await p.ok("pod", "pause", "pod");
        await p.ok("pod", "unpause", "pod");
        await p.ok("pod", "stop", "--time", "0", "pod");
        await p.ok("pod", "rm", "--force", "pod");
      },
    },
    {
      command: "podman run --ipc container:OTHER --pid container:OTHER IMAGE",
      check: async (p) => {
        await p.ok("run", "-d", "--name", "first", "--ipc", "shareable", IMAGE, "sleep", "1000");
        const shared = ["--ipc", "container:first", "--pid", "container:first"];
        assertMatch(await p.run(...shared, IMAGE, "ps"), /1 root .*sleep 1000/);
        await p.ok("rm", "--force", "--time", "0", "first");
      },
    },
  ],
};
