/** `exec` in plain containers: what the process is given, who it is, how its end is told. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import type { RunResult } from "../harness/run.ts";

const SLEEP: BundleOptions = { args: ["sleep", "1000"] };

/** Runs `use` with a running container. */
async function withRunning(
  use: (kago: Kago, exec: (...args: string[]) => Promise<RunResult>) => Promise<void>,
  options: BundleOptions = SLEEP,
): Promise<void> {
  await Kago.with(options, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await use(kago, (...args) => kago.run("exec", ...args));
  });
}

/** `exec … ID sh -c SCRIPT`, which must succeed. */
async function shell(kago: Kago, script: string, ...options: string[]): Promise<string> {
  const result = await kago.run("exec", ...options, kago.id, "sh", "-c", script);
  assertEquals(result.code, 0, result.stderr);
  return result.stdout.trimEnd();
}

/** v1's cpuset takes no process before it is told of processors and memory. */
function makeSubCgroup(folder: string): void {
  Deno.mkdirSync(`${folder}/sub`);
  if (!folder.includes("/cpuset/")) return;
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    Deno.writeTextFileSync(`${folder}/sub/${file}`, Deno.readTextFileSync(`${folder}/${file}`));
  }
}

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

Deno.test("exec joins every namespace of Init, and its cgroups", async () => {
  await withRunning(async (kago) => {
    const { pid } = await kago.state();
    const script = `for n in ${NAMESPACES.join(" ")}; do readlink /proc/$$/ns/$n; done`;
    const seen = (await shell(kago, script)).split("\n");
    assertEquals(seen, NAMESPACES.map((name) => Deno.readLinkSync(`/proc/${pid}/ns/${name}`)));
    const cgroup = await shell(kago, "cat /proc/self/cgroup");
    assertEquals(cgroup, await shell(kago, "cat /proc/1/cgroup"));
  });
});

Deno.test("exec gives its process the container's null device, whose mode is the container's to change", async () => {
  await withRunning(async (kago) => {
    const devices = await shell(kago, "stat -L -c %d /proc/self/fd/0 /dev/null");
    const [stream, own] = devices.split("\n");
    assertEquals(stream, own);
    assert(own !== `${Deno.statSync("/dev/null").dev}`, devices);
  });
});

Deno.test("exec joins a user namespace and is its root", async () => {
  const ids = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const namespaces = ["user", "pid", "network", "ipc", "uts", "mount"].map((type) => ({ type }));
  const config = { linux: { namespaces, uidMappings: ids, gidMappings: ids } };
  await withRunning(async (kago) => {
    const { pid } = await kago.state();
    const script = "readlink /proc/self/ns/user; cat /proc/self/uid_map; id -u";
    const [link, map, id] = (await shell(kago, script)).split("\n");
    assertEquals(link, Deno.readLinkSync(`/proc/${pid}/ns/user`));
    assertEquals(map!.trim().split(/\s+/), ["0", "100000", "65536"]);
    assertEquals(id, "0");
  }, { ...SLEEP, config });
});

Deno.test("exec has the container's environment, folder, limits and capabilities", async () => {
  const config = { process: { oomScoreAdj: 500, user: { umask: 0o77 } } };
  await withRunning(async (kago) => {
    const script = "echo $A $B $HOME; pwd; ulimit -n; umask; cat /proc/self/oom_score_adj; " +
      "sed -n 's/^\\(Cap[IPEBA].*\\|NoNewPrivs.*\\)/\\1/p' /proc/self/status";
    const lines = (await shell(kago, script, "-e", "B=2")).split("\n");
    assertEquals(lines, [
      ...["1 2 /root", "/tmp", "1024", "0077", "500"],
      "CapInh:\t0000000000000000",
      "CapPrm:\t0000000020000420",
      "CapEff:\t0000000020000420",
      "CapBnd:\t0000000020000420",
      "CapAmb:\t0000000000000000",
      "NoNewPrivs:\t1",
    ]);
  }, { ...SLEEP, env: ["A=1"], cwd: "/tmp", config });
});

Deno.test("exec --user takes numbers and the container's names, and groups", async () => {
  await withRunning(async (kago, exec) => {
    assertEquals(await shell(kago, "id -u; id -g; id -G", "-u", "7"), "7\n0\n0");
    assertEquals(await shell(kago, "id -u; id -g", "-u", "7:8"), "7\n8");
    assertEquals(await shell(kago, "id -u; id -g; echo $HOME", "-u", "test"), "1000\n1000\n/home");
    assertEquals(await shell(kago, "id -G", "-u", "test:root", "-g", "9"), "0 9");
    for (const user of ["1abc", " 1", "-1", "nobody", "1:", "4294967295"]) {
      const { code, stdout, stderr } = await exec("--user", user, kago.id, "id");
      assertEquals([code, stdout], [255, ""], user);
      assertStringIncludes(stderr, "option --user");
    }
  });
});

Deno.test("exec tells its process's end, and 255 for its own failures", async () => {
  await withRunning(async (kago, exec) => {
    const codeOf = async (...args: string[]) => (await exec(...args)).code;
    assertEquals(await codeOf(kago.id, "sh", "-c", "exit 7"), 7);
    assertEquals(await codeOf(kago.id, "sh", "-c", "kill -9 $$"), 137);
    const missing = await exec(kago.id, "no-such-program");
    assertEquals(missing.code, 255);
    assertStringIncludes(missing.stderr, "executable file not found in $PATH");
    const denied = await exec(kago.id, "/etc/passwd");
    assertEquals(denied.code, 255);
    assertStringIncludes(denied.stderr, "permission denied");
    assertEquals(await codeOf("--cwd", "/missing", kago.id, "id"), 255);
    assertEquals(await codeOf(kago.id), 255);
    assertEquals(await codeOf("no-such-container", "id"), 255);
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("exec is possible in a created container and refused in a paused and a stopped one", async () => {
  await Kago.with(SLEEP, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals(await shell(kago, "echo early"), "early");
    await kago.run("start", kago.id);
    assertEquals((await kago.run("pause", kago.id)).code, 0);
    const paused = await kago.run("exec", kago.id, "id");
    assertEquals(paused.code, 255);
    assertStringIncludes(paused.stderr, "it is paused");
    const late = kago.run("exec", "--ignore-paused", kago.id, "echo", "late");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await kago.run("resume", kago.id);
    assertEquals((await late).stdout, "late\n");
    await kago.run("kill", kago.id, "KILL");
    await kago.until("stopped");
    const stopped = await kago.run("exec", kago.id, "id");
    assertEquals(stopped.code, 255);
    assertStringIncludes(stopped.stderr, "it is stopped");
  });
});

Deno.test("exec --detach leaves the process alone, with its pid in the file", async () => {
  await withRunning(async (kago, exec) => {
    const file = `${kago.bundle.path}/pid`;
    const { code, stderr } = await exec("-d", "--pid-file", file, kago.id, "sleep", "1000");
    assertEquals(code, 0, stderr);
    const pid = Deno.readTextFileSync(file);
    assertEquals(Deno.readTextFileSync(`/proc/${pid}/cmdline`), "sleep\x001000\0");
    const parent = /^PPid:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1];
    const name = Deno.readTextFileSync(`/proc/${parent}/comm`);
    assert(!name.includes("kago") && !name.includes("deno") || parent === `${Deno.pid}`, name);
  });
});

Deno.test("exec --process takes the file's process, whatever became of the bundle", async () => {
  await withRunning(async (kago, exec) => {
    Deno.removeSync(`${kago.bundle.path}/config.json`);
    const file = `${kago.bundle.path}/process.json`;
    const process = { args: ["sh", "-c", "id -u; pwd; echo $X"], cwd: "/etc", env: ["X=y"] };
    const user = { uid: 1000, gid: 1000 };
    Deno.writeTextFileSync(
      file,
      JSON.stringify({ ...process, env: [...process.env, "PATH=/bin"], user }),
    );
    const result = await exec("--process", file, kago.id);
    assertEquals(result.stdout, "1000\n/etc\ny\n", result.stderr);
    Deno.writeTextFileSync(file, '{"cwd":"etc","args":["id"]}');
    const refused = await exec("-p", file, kago.id);
    assertEquals(refused.code, 255);
    assertStringIncludes(refused.stderr, "process.cwd");
  });
});

Deno.test("exec --cgroup goes below the container's cgroup and never above", async () => {
  await withRunning(async (kago, exec) => {
    const folders = kago.cgroups();
    assert(folders.length > 0);
    for (const folder of folders) makeSubCgroup(folder);
    try {
      const lines = await shell(kago, "cat /proc/self/cgroup", "--cgroup", "sub");
      const own = await shell(kago, "cat /proc/self/cgroup");
      assertEquals(lines, own.replace(/\/$/gm, "/sub"));
      for (const wrong of ["../x", "missing", "nope:sub"]) {
        const { code, stderr } = await exec("--cgroup", wrong, kago.id, "id");
        assertEquals(code, 255);
        assertStringIncludes(stderr, "--cgroup");
      }
    } finally {
      for (const folder of folders) Deno.removeSync(`${folder}/sub`);
    }
  });
});

Deno.test("exec keeps to the container's seccomp profile", async () => {
  const seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
  };
  for (const noNewPrivileges of [true, false]) {
    const capabilities = ["CAP_SYS_ADMIN"];
    const config = {
      process: {
        noNewPrivileges,
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      },
      linux: { seccomp },
    };
    await withRunning(async (kago, exec) => {
      const { code, stderr } = await exec(kago.id, "mkdir", "/tmp/x");
      assertEquals(code, 1);
      assertStringIncludes(stderr, "No space left on device");
    }, { ...SLEEP, config });
  }
});
