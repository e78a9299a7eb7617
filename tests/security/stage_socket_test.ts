/**
 * What a neighbour could do with what Init holds while it waits: the socket to Main, and descriptors of the host's. Here
 * the neighbour is root with all capabilities, so that nothing but Main itself stands in the way. Needs root.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { compileC } from "../harness/c_program.ts";
import { Kago } from "../harness/kago.ts";
import { capabilities, DEFAULT_CAPABILITIES, Neighbour } from "./neighbours.ts";
import { isThere } from "../../runtime/common/files.ts";

/** A process of the host that has nothing to do with kago. */
async function withBystander(use: (pid: number) => Promise<void>): Promise<void> {
  const bystander = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  let ended = false;
  bystander.status.then(() => ended = true);
  try {
    await use(bystander.pid);
    assertEquals(ended, false, "the bystander was killed");
  } finally {
    if (!ended) Deno.kill(bystander.pid, "SIGKILL");
    await bystander.status;
  }
}

for (const program of ["true", "/no/such/program"]) {
  Deno.test(`a process of the host that a stolen socket names as Init is neither recorded nor killed before ${program} runs`, async () => {
    const steal = await compileC(new URL("steal_socket.c", import.meta.url));
    await Deno.chmod(steal, 0o755);
    await withBystander(async (pid) => {
      const hook = { path: steal, args: ["steal", `${pid}`] };
      const config = { hooks: { createRuntime: [hook] } };
      await Kago.with({ args: [program], config }, async (kago) => {
        const { code, stdout } = await kago.create();
        assertEquals(code, 1, stdout);
        assertMatch(stdout, /process \d+, which is not a stage of this container/);
        assertEquals([...Deno.readDirSync(kago.root)], [], "something was recorded");
        assertEquals(kago.cgroups(), []);
      });
    });
    await Deno.remove(steal);
  });
}

/** Where a descriptor of the process leads, by its number. */
function descriptors(pid: number): Map<string, string> {
  const folder = `/proc/${pid}/fd`;
  return new Map([...Deno.readDirSync(folder)].map(({ name }) => [
    name,
    Deno.readLinkSync(`${folder}/${name}`),
  ]));
}

Deno.test("a created container's Init holds no procfs, whatever it has set with one, and no folder", async () => {
  const config = {
    process: { capabilities: capabilities(DEFAULT_CAPABILITIES) },
    linux: { sysctl: { "net.ipv4.ip_forward": "1" } },
  };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    const { code, stdout } = await kago.create();
    assertEquals(code, 0, stdout);
    const pid = (await kago.state()).pid as number;
    for (const [fd, target] of descriptors(pid)) {
      const path = `/proc/${pid}/fd/${fd}`;
      assert(!isThere(`${path}/sys/kernel/core_pattern`), `${fd} is a procfs: ${target}`);
      assert(Number(fd) <= 2 || !Deno.statSync(path).isDirectory, `${fd} is the folder ${target}`);
    }
  });
});

Deno.test("an Init that waits for hooks holds no procfs", async () => {
  const script =
    'state=$(cat); pid=${state#*\\"pid\\":}; pid=${pid%%,*}; for fd in /proc/$pid/fd/*; do ' +
    "test ! -e $fd/sys/kernel/core_pattern || exit 9; test ! -e $fd/self/stat || exit 8; done";
  const hook = { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] };
  const config = {
    linux: { sysctl: { "net.ipv4.ip_forward": "1" } },
    hooks: { createRuntime: [hook] },
  };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    const { code, stdout } = await kago.create();
    assertEquals(code, 0, stdout);
  });
});

const MAPPED = [{ containerID: 0, hostID: 100000, size: 65536 }];
/** No cgroup namespace, in which the container's own cgroup would have no name. */
const OWN = ["network", "ipc", "uts", "mount"].map((type) => ({ type }));
const ALL = [...DEFAULT_CAPABILITIES, "CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"];

Deno.test("a neighbour in a joined pid and user namespace, with its capabilities, gets into no stage of another", async () => {
  await using neighbour = await Neighbour.compile();
  const namespaces = [...OWN, { type: "pid" }, { type: "user" }];
  const config = {
    process: { capabilities: capabilities(ALL) },
    linux: { namespaces, uidMappings: MAPPED, gidMappings: MAPPED },
  };
  await Kago.with({ args: ["/neighbour", "watch", `${Deno.pid}`], config }, async (watcher) => {
    for (const name of ["neighbour", "kago-control"]) {
      await Deno.copyFile(neighbour.program, `${watcher.bundle.rootfs}/${name}`);
    }
    const running = watcher.background();
    await watcher.says("watching");
    const first = (await watcher.state()).pid;
    const joined = ["pid", "user"].map((type) => ({ type, path: `/proc/${first}/ns/${type}` }));
    const hooks = { createRuntime: [{ path: "/bin/sleep", args: ["sleep", "0.2"] }] };
    const process = { capabilities: capabilities(ALL) };
    const linux = { namespaces: [...OWN, ...joined] };
    for (let round = 0; round < 5; round++) {
      await Kago.with({ args: ["true"], config: { process, linux, hooks } }, async (kago) => {
        assertEquals((await kago.create()).code, 0, kago.output());
        assertEquals((await watcher.run("exec", watcher.id, "true")).code, 0);
        assertEquals((await kago.run("start", kago.id)).code, 0);
      });
    }
    assertEquals(watcher.output(), "watching\n");
    // It would have told: this one is named as kago's are.
    const control = ["exec", "--detach", watcher.id, "/kago-control", "wait"];
    assertEquals((await watcher.run(...control)).code, 0);
    await watcher.says("root/");
    await watcher.run("delete", "--force", watcher.id);
    await running;
  });
});
