/** `podman run` of containers that end by themselves: their input, output and rights. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type CaseGroup, EMULATED } from "../engine_case.ts";
import { IMAGE, type Podman } from "./podman.ts";

export const RUN: CaseGroup<Podman> = {
  name: "run",
  cases: [
    {
      command: "podman run --rm IMAGE echo hello",
      emulated: EMULATED,
      check: async (p) => assertEquals(await p.run(IMAGE, "echo", "hello"), "hello\n"),
    },
    {
      command: "podman run --rm -i IMAGE cat",
      check: async (p) => {
        const output = await p.expect(0, ["run", "--rm", "-i", IMAGE, "cat"], { stdin: "typed\n" });
        assertEquals(output, "typed\n");
      },
    },
    {
      command: "podman run --rm IMAGE sh -c 'exit 7'",
      check: async (p) => {
        await p.expect(7, ["run", "--rm", IMAGE, "sh", "-c", "exit 7"]);
      },
    },
    {
      command: "podman run --rm --pid host IMAGE sh -c 'kill -9 $$'",
      check: async (p) => {
        await p.expect(137, ["run", "--rm", "--pid", "host", IMAGE, "sh", "-c", "kill -9 $$"]);
      },
    },
    {
      command: "podman run --rm IMAGE no-such-program (127)",
      check: async (p) => {
        const { code, stderr } = await p.podman(["run", "--rm", IMAGE, "no-such-program"]);
        assertEquals(code, 127, stderr);
        assertStringIncludes(stderr, "no-such-program");
      },
    },
    {
      command: "podman run --rm IMAGE /etc/passwd (126)",
      check: async (p) => {
        const { code, stderr } = await p.podman(["run", "--rm", IMAGE, "/etc/passwd"]);
        assertEquals(code, 126, stderr);
        assertStringIncludes(stderr, "permission denied");
      },
    },
    {
      command: "podman run --rm -e NAME=value -w /tmp --hostname box IMAGE",
      check: async (p) => {
        const options = ["-e", "NAME=value", "-w", "/tmp", "--hostname", "box"];
        const output = await p.run(...options, IMAGE, "sh", "-c", "echo $NAME $(pwd) $(hostname)");
        assertEquals(output, "value /tmp box\n");
      },
    },
    {
      command: "podman run --rm --user test IMAGE id",
      check: async (p) => {
        assertEquals(await p.run("--user", "test", IMAGE, "id", "-u"), "1000\n");
        assertEquals(await p.run("--user", "7:8", IMAGE, "sh", "-c", "id -u; id -g"), "7\n8\n");
      },
    },
    {
      command: "podman run --rm --user test IMAGE sh -c 'echo hi > /dev/stdout'",
      emulated: EMULATED,
      check: async (p) => {
        const script = "echo out > /dev/stdout; echo err > /dev/stderr";
        const words = ["run", "--rm", "--user", "test", IMAGE, "sh", "-c", script];
        const { code, stdout, stderr } = await p.podman(words);
        assertEquals(code, 0, stderr);
        assertEquals(stdout, "out\n");
        assertStringIncludes(stderr, "err\n");
      },
    },
    {
      command: "podman run --rm --init IMAGE",
      check: async (p) => {
        const output = await p.run("--init", IMAGE, "sh", "-c", "cat /proc/1/comm");
        assertMatch(output, /init|catatonit/);
      },
    },
    {
      command: "podman run --rm --pid host IMAGE",
      check: async (p) => {
        const own = await Deno.readLink("/proc/self/ns/pid");
        assertEquals(
          await p.run("--pid", "host", IMAGE, "readlink", "/proc/self/ns/pid"),
          `${own}\n`,
        );
      },
    },
    {
      command: "podman run --rm --ulimit fsize=4096 IMAGE",
      check: async (p) => {
        const output = await p.run(
          "--ulimit",
          "fsize=4096:4096",
          IMAGE,
          "cat",
          "/proc/self/limits",
        );
        assertMatch(output, /Max file size +4096 +4096/);
      },
    },
    {
      command: "podman run --rm --sysctl net.ipv4.ip_forward=1 IMAGE",
      check: async (p) => {
        const words = ["--network", "none", "--sysctl", "net.ipv4.ip_forward=1", IMAGE];
        assertEquals(await p.run(...words, "cat", "/proc/sys/net/ipv4/ip_forward"), "1\n");
      },
    },
    {
      command: "podman run --rm --device /dev/fuse IMAGE",
      check: async (p) => {
        const output = await p.run(
          "--device",
          "/dev/fuse",
          IMAGE,
          "sh",
          "-c",
          ": < /dev/fuse && echo opened",
        );
        assertEquals(output, "opened\n");
      },
    },
    {
      command: "podman run --rm -it IMAGE",
      emulated: EMULATED,
      check: async (p) => {
        const output = await p.terminal([
          "run",
          "--rm",
          "-it",
          IMAGE,
          "sh",
          "-c",
          "tty; test -t 0 && echo terminal",
        ]);
        assertStringIncludes(output, "/dev/pts/0");
        assertStringIncludes(output, "terminal");
      },
    },
    {
      command: "podman run --rm -it IMAGE (typed into)",
      check: async (p) => {
        const output = await p.terminal([
          "run",
          "--rm",
          "-it",
          IMAGE,
          "sh",
          "-c",
          "read line; echo got $line",
        ], "typed\n");
        assertStringIncludes(output, "got typed");
      },
    },
  ],
};

/** The rights of the container. */
export const CONFINEMENT: CaseGroup<Podman> = {
  name: "confinement",
  cases: [
    {
      command: "podman run --rm --read-only IMAGE",
      check: async (p) => {
        const script = "touch /x || echo refused; touch /tmp/x && echo tmp";
        const output = await p.run("--read-only", IMAGE, "sh", "-c", script);
        assertEquals(output, "refused\ntmp\n");
      },
    },
    {
      command: "podman run --rm --cap-drop all --cap-add net_bind_service IMAGE",
      check: async (p) => {
        const options = ["--cap-drop", "all", "--cap-add", "net_bind_service"];
        const output = await p.run(...options, IMAGE, "grep", "Cap", "/proc/self/status");
        assertMatch(output, /CapEff:\t0000000000000400/);
        assertMatch(output, /CapBnd:\t0000000000000400/);
      },
    },
    {
      command: "podman run --rm --security-opt seccomp=PROFILE IMAGE",
      check: async (p) => {
        const profile = `${p.folder}/seccomp.json`;
        await Deno.writeTextFile(profile, PROFILE);
        const options = ["--security-opt", `seccomp=${profile}`];
        const output = await p.run(...options, IMAGE, "sh", "-c", "mkdir /x || echo refused");
        assertEquals(output, "refused\n");
      },
    },
    {
      command: "podman run --rm --security-opt seccomp=unconfined IMAGE",
      check: async (p) => {
        const options = ["--security-opt", "seccomp=unconfined"];
        assertMatch(await p.run(...options, IMAGE, "cat", "/proc/self/status"), /Seccomp:\t0/);
        assertMatch(await p.run(IMAGE, "cat", "/proc/self/status"), /Seccomp:\t2/);
      },
    },
    {
      command: "podman run --rm --security-opt no-new-privileges IMAGE",
      check: async (p) => {
        const options = ["--security-opt", "no-new-privileges"];
        assertMatch(await p.run(...options, IMAGE, "cat", "/proc/self/status"), /NoNewPrivs:\t1/);
      },
    },
    {
      command: "podman run --rm --security-opt mask=/etc/passwd --security-opt unmask=ALL IMAGE",
      check: async (p) => {
        const options = ["--security-opt", "mask=/etc/passwd"];
        assertEquals(await p.run(...options, IMAGE, "cat", "/etc/passwd"), "");
      },
    },
    {
      command: "podman run --rm --privileged IMAGE",
      emulated: ["v2"],
      check: async (p) => {
        const output = await p.run(
          "--privileged",
          IMAGE,
          "sh",
          "-c",
          "mkdir /m && mount -t tmpfs x /m && echo mounted",
        );
        assertEquals(output, "mounted\n");
      },
    },
  ],
};

const PROFILE = JSON.stringify({
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
});

/** Limits, as shown in the cgroup's files. */
export const LIMITS: CaseGroup<Podman> = {
  name: "limits",
  cases: [
    {
      command: "podman run --rm --pids-limit 42 IMAGE",
      check: async (p) => {
        assertEquals(
          await p.run("--pids-limit", "42", IMAGE, "sh", "-c", cgroupFile(p, "pids", "pids.max")),
          "42\n",
        );
      },
    },
    {
      command: "podman run --rm --memory 64m IMAGE",
      check: async (p) => {
        const file = p.host === "v1" ? "memory.limit_in_bytes" : "memory.max";
        assertEquals(
          await p.run("--memory", "64m", IMAGE, "sh", "-c", cgroupFile(p, "memory", file)),
          "67108864\n",
        );
      },
    },
    {
      command: "podman run --rm --cpus 0.5 --cpu-shares 512 IMAGE",
      check: async (p) => {
        const options = ["--cpus", "0.5", "--cpu-shares", "512"];
        const file = p.host === "v1" ? "cpu.cfs_quota_us" : "cpu.max";
        const output = await p.run(...options, IMAGE, "sh", "-c", cgroupFile(p, "cpu", file));
        assertEquals(output, p.host === "v1" ? "50000\n" : "50000 100000\n");
      },
    },
    {
      command: "podman run --rm --memory 64m --pids-limit 42 --cpus 0.5 --device /dev/fuse IMAGE",
      emulated: EMULATED,
      native: false, // there, each has a case of its own
      check: async (p) => {
        const options = ["--memory", "64m", "--pids-limit", "42", "--cpus", "0.5"];
        const script = "cd /sys/fs/cgroup && cat memory.max pids.max cpu.max; : < /dev/fuse";
        const words = [...options, "--device", "/dev/fuse", IMAGE, "sh", "-c", script];
        assertEquals(await p.run(...words), "67108864\n42\n50000 100000\n");
      },
    },
    {
      command: "podman run --rm --memory 16m IMAGE (out of memory: 137)",
      check: async (p) => {
        const script = "tail /dev/zero";
        const { code } = await p.podman([
          "run",
          "--rm",
          "--memory",
          "16m",
          "--memory-swap",
          "16m",
          IMAGE,
          "sh",
          "-c",
          script,
        ]);
        assert(code === 137 || code === 1, `${code}`);
      },
    },
  ],
};

/** Prints a file of the container's own cgroup, from inside. */
function cgroupFile({ host }: Podman, controller: string, file: string): string {
  return `cat /sys/fs/cgroup/${host === "v1" ? `${controller}/` : ""}${file}`;
}
