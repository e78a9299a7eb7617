/** The cases of Docker's table. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CaseGroup } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { type Docker, IMAGE } from "./docker.ts";

const RUN: CaseGroup<Docker> = {
  name: "run",
  cases: [
    {
      command: "docker run --rm --runtime RUNTIME IMAGE echo hello",
      emulated: ["v2"],
      check: async (d) =>
        assertEquals(await d.ok("run", "--rm", IMAGE, "echo", "hello"), "hello\n"),
    },
    {
      command: "docker run --rm -i IMAGE cat",
      check: async (d) => {
        const output = await d.expect(0, ["run", "--rm", "-i", IMAGE, "cat"], { stdin: "typed\n" });
        assertEquals(output, "typed\n");
      },
    },
    {
      command: "docker run --rm -it IMAGE",
      emulated: ["v2"],
      check: async (d) => {
        const script = "test -t 0 && tty";
        assertStringIncludes(
          await d.terminal(["run", "--rm", "-it", IMAGE, "sh", "-c", script]),
          "/dev/pts/0",
        );
      },
    },
    {
      command: "docker run --rm IMAGE sh -c 'exit 7'",
      check: async (d) => {
        await d.expect(7, ["run", "--rm", IMAGE, "sh", "-c", "exit 7"]);
      },
    },
    {
      command: "docker run --rm IMAGE no-such-program (127)",
      check: async (d) => {
        const { code, stderr } = await d.docker(["run", "--rm", IMAGE, "no-such-program"]);
        assertEquals(code, 127, stderr);
        assertStringIncludes(stderr, "executable file not found");
      },
    },
    {
      command: "docker run --rm IMAGE /etc/passwd (126)",
      check: async (d) => {
        const { code, stderr } = await d.docker(["run", "--rm", IMAGE, "/etc/passwd"]);
        assertEquals(code, 126, stderr);
      },
    },
    {
      command:
        "docker run --rm --read-only --cap-drop ALL --user 7:8 --security-opt no-new-privileges IMAGE",
      check: async (d) => {
        const options = [
          "--read-only",
          "--cap-drop",
          "ALL",
          "--user",
          "7:8",
          "--security-opt",
          "no-new-privileges",
        ];
        const script =
          "id -u; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; touch /x || echo refused";
        const output = await d.ok("run", "--rm", ...options, IMAGE, "sh", "-c", script);
        assertEquals(output, "7\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nrefused\n");
      },
    },
    {
      command: "docker run --rm -v /host/directory:/data IMAGE",
      check: async (d) => {
        const folder = await Deno.makeTempDir({ dir: d.folder });
        await d.ok(
          "run",
          "--rm",
          "-v",
          `${folder}:/data`,
          IMAGE,
          "sh",
          "-c",
          "echo written > /data/file",
        );
        assertEquals(await Deno.readTextFile(`${folder}/file`), "written\n");
      },
    },
    {
      command: "docker run --rm --init --memory 64m --pids-limit 42 --cpus 0.5 IMAGE",
      check: async (d) => {
        const options = ["--init", "--memory", "64m", "--pids-limit", "42", "--cpus", "0.5"];
        const script = "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true";
        assertEquals(await d.ok("run", "--rm", ...options, IMAGE, "sh", "-c", script), "42\n");
      },
    },
    {
      command: "docker run --rm --privileged --memory 64m --pids-limit 42 --cpus 0.5 IMAGE",
      emulated: ["v2"],
      native: false, // it requires capabilities that root may lack on a machine
      check: async (d) => {
        const options = ["--privileged", "--memory", "64m", "--pids-limit", "42", "--cpus", "0.5"];
        const limits =
          "cd /sys/fs/cgroup/$(cut -d: -f3 /proc/self/cgroup) && cat memory.max pids.max cpu.max";
        const script = `mkdir /m && mount -t tmpfs x /m && ${limits}`;
        const output = await d.ok("run", "--rm", ...options, IMAGE, "sh", "-c", script);
        assertEquals(output, "67108864\n42\n50000 100000\n");
      },
    },
  ],
};

/** The container that the cases share. */
const name = (d: Docker) => `lasting-${d.runtime}`;

const LASTING: CaseGroup<Docker> = {
  name: "a lasting container",
  setUp: async (d) => {
    await d.ok(
      "run",
      "-d",
      "--name",
      name(d),
      "--memory",
      "64m",
      IMAGE,
      "sh",
      "-c",
      LASTING_SCRIPT,
    );
  },
  tearDown: async (d) => {
    await d.ok("rm", "--force", name(d));
  },
  cases: [
    {
      command: "docker run -d IMAGE; docker logs CONTAINER",
      emulated: ["v2"],
      check: (d) => untilSays(() => d.ok("logs", name(d)), "up\n"),
    },
    {
      command: "docker ps; docker inspect CONTAINER",
      check: async (d) => {
        assertStringIncludes(
          await d.ok("ps", "--format", "{{.Names}} {{.Status}}"),
          `${name(d)} Up`,
        );
        const format = "{{.State.Status}} {{.HostConfig.Runtime}}";
        assertEquals(await d.ok("inspect", "--format", format, name(d)), `running ${d.runtime}\n`);
      },
    },
    {
      command: "docker exec CONTAINER; docker exec --user 7 -e NAME=value -w /tmp CONTAINER",
      emulated: ["v2"],
      check: async (d) => {
        assertEquals(await d.ok("exec", name(d), "echo", "inside"), "inside\n");
        const options = ["--user", "7", "-e", "NAME=value", "-w", "/tmp"];
        const script = "echo $(id -u) $NAME $(pwd); exit 4";
        const output = await d.expect(4, ["exec", ...options, name(d), "sh", "-c", script]);
        assertEquals(output, "7 value /tmp\n");
      },
    },
    {
      command: "docker exec -it CONTAINER",
      emulated: ["v2"],
      check: async (d) => {
        const output = await d.terminal(["exec", "-it", name(d), "sh", "-c", "test -t 0 && tty"]);
        assertStringIncludes(output, "/dev/pts/");
      },
    },
    {
      command: "docker update --memory 128m --memory-swap 128m CONTAINER",
      check: async (d) => {
        await d.ok("update", "--memory", "128m", "--memory-swap", "128m", name(d));
        const format = "{{.MemUsage}}";
        const output = await d.ok("stats", "--no-stream", "--format", format, name(d));
        assertStringIncludes(output, "/ 128MiB");
        await d.ok("update", "--memory", "64m", "--memory-swap", "64m", name(d));
      },
    },
    {
      command: "docker top CONTAINER",
      check: async (d) => assertStringIncludes(await d.ok("top", name(d)), "trap"),
    },
    {
      command: "docker stats --no-stream CONTAINER",
      emulated: ["v2"],
      check: async (d) => {
        const format = "{{.MemUsage}} {{.PIDs}}";
        const output = await d.ok("stats", "--no-stream", "--format", format, name(d));
        assertMatch(output, /^[1-9]\S*iB \/ 64MiB [1-9]/);
      },
    },
    {
      command: "docker cp FILE CONTAINER:/FILE; docker cp CONTAINER:/FILE FILE",
      check: async (d) => {
        const [to, from] = [`${d.folder}/to-${d.runtime}`, `${d.folder}/from-${d.runtime}`];
        await Deno.writeTextFile(to, "copied\n");
        await d.ok("cp", to, `${name(d)}:/tmp/copied`);
        await d.ok("cp", `${name(d)}:/tmp/copied`, from);
        assertEquals(await Deno.readTextFile(from), "copied\n");
      },
    },
    {
      command: "docker pause CONTAINER; docker unpause CONTAINER",
      emulated: ["v2"],
      check: async (d) => {
        const status = () => d.ok("inspect", "--format", "{{.State.Status}}", name(d));
        await d.ok("pause", name(d));
        assertEquals(await status(), "paused\n");
        await d.ok("unpause", name(d));
        assertEquals(await status(), "running\n");
      },
    },
    {
      command: "docker stop CONTAINER",
      emulated: ["v2"],
      check: async (d) => {
        await d.ok("stop", "--time", `${GRACE}`, name(d));
        assertEquals(await d.ok("inspect", "--format", "{{.State.ExitCode}}", name(d)), "3\n");
        // dockerd waits only two seconds for the end of the output.
        await untilSays(() => d.ok("logs", name(d)), "up\nbye\n");
      },
    },
    {
      command: "docker start CONTAINER; docker restart CONTAINER; docker kill CONTAINER",
      check: async (d) => {
        await d.ok("start", name(d));
        await d.ok("restart", "--time", "1", name(d));
        await d.ok("kill", name(d));
        assertEquals(await d.ok("wait", name(d)), "137\n");
      },
    },
  ],
};

export const DOCKER_CASES = [RUN, LASTING];
