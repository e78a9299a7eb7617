/**
 * Processes of kago's beside a container that sees them: it gets at none of them, nor through one at the host, until they
 * have become the user's program. Needs root.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { frame, STARTED } from "../harness/agent_double.ts";
import { withCreatedDouble, withGuestDouble } from "../harness/guest_double.ts";
import { Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";
import { besideHost, capabilities, DEFAULT_CAPABILITIES, Neighbour, NO_WAY } from "./neighbours.ts";

const DEFAULT = { process: { capabilities: capabilities(DEFAULT_CAPABILITIES) } };

/** As engines map root: to ids that are nobody's. */
const MAPPED = [{ containerID: 0, hostID: 100000, size: 65536 }];
const USER_NAMESPACE = {
  namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup", "user"].map((type) => ({ type })),
  uidMappings: MAPPED,
  gidMappings: MAPPED,
};

async function createdPid(kago: Kago): Promise<number> {
  const { code, stdout } = await kago.create();
  assertEquals(code, 0, stdout);
  return (await kago.state()).pid as number;
}

/** A hook that tells its container's pid, and waits for leave to end. */
function waitingHook(folder: string) {
  const script = `cat > ${folder}/new; mv ${folder}/new ${folder}/state; ` +
    `until test -e ${folder}/go; do sleep 0.05; done`;
  return { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"] };
}

async function told(folder: string): Promise<number> {
  let state = "";
  await until(() => "the hook runs", () => {
    try {
      state = Deno.readTextFileSync(`${folder}/state`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return state !== "";
  });
  return JSON.parse(state).pid;
}

Deno.test("a neighbour reaches a program with its own rights, which is what the others are compared with", async () => {
  await using neighbour = await Neighbour.compile();
  await Kago.with(besideHost(["/neighbour", "wait"], neighbour.program), async (kago) => {
    const running = kago.background();
    await kago.until("running");
    const ways = await neighbour.waysInto((await kago.state()).pid as number);
    for (const way of ["root/", "cwd/", "mem", "fd", "ptrace", "pidfd_getfd"]) {
      assertStringIncludes(ways, way);
    }
    await kago.run("delete", "--force", kago.id);
    await running;
  });
});

Deno.test("a neighbour finds no way into the Init of a created container", async () => {
  await using neighbour = await Neighbour.compile();
  for (const linux of [{}, USER_NAMESPACE]) {
    await Kago.with({ args: ["true"], config: { ...DEFAULT, linux } }, async (kago) => {
      assertEquals(await neighbour.waysInto(await createdPid(kago)), NO_WAY);
    });
  }
});

for (const moment of ["createRuntime", "createContainer"]) {
  Deno.test(`a neighbour finds no way into the Init that waits for a ${moment} hook`, async () => {
    await using neighbour = await Neighbour.compile();
    for (const linux of [{}, USER_NAMESPACE]) {
      const folder = await Deno.makeTempDir({ prefix: "hook_" });
      await Deno.chmod(folder, 0o777);
      const hooks = { [moment]: [waitingHook(folder)] };
      await Kago.with({ args: ["true"], config: { ...DEFAULT, linux, hooks } }, async (kago) => {
        const creating = kago.create();
        try {
          assertEquals(await neighbour.waysInto(await told(folder)), NO_WAY);
        } finally {
          await Deno.writeTextFile(`${folder}/go`, "");
        }
        assertEquals((await creating).code, 0);
      });
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("what stands for a process in a guest has no files, and a neighbour finds no way into it", async () => {
  await using neighbour = await Neighbour.compile();
  await withGuestDouble(async (kago, agent) => {
    agent.answers = () => frame(STARTED);
    const pidFile = `${kago.bundle.path}/pid`;
    const args = ["exec", "--detach", "--pid-file", pidFile, kago.id, "x"];
    const { code, stderr } = await kago.run(...args);
    assertEquals(code, 0, stderr);
    const pid = Number(Deno.readTextFileSync(pidFile));
    try {
      assertEquals(await neighbour.waysInto(pid), NO_WAY);
      for (const place of ["root", "cwd"]) {
        const path = `/proc/${pid}/${place}`;
        assertEquals([...Deno.readDirSync(`${path}/`)], [], place);
        const { code } = await new Deno.Command("touch", { args: [`${path}/x`] }).output();
        assertEquals(code, 1, `${place} takes files`);
      }
      assertEquals(Deno.readTextFileSync(`/proc/${pid}/mountinfo`), "");
    } finally {
      Deno.kill(pid, "SIGKILL");
    }
  });
});

/** Root of it is the host's root by its id, though not by its rights; whoever made it is a neighbour's equal. */
const HOST_IDS = [{ containerID: 0, hostID: 0, size: 65536 }];

for (
  const [name, linux] of [
    ["", {}],
    [" in a user namespace", USER_NAMESPACE],
    [" whose user namespace has the host's ids", {
      ...USER_NAMESPACE,
      uidMappings: HOST_IDS,
      gidMappings: HOST_IDS,
    }],
  ] as const
) {
  Deno.test(`a neighbour finds no way into a VMM${name}, before it is started`, async () => {
    await using neighbour = await Neighbour.compile();
    await withCreatedDouble(async (kago) => {
      assertEquals(await neighbour.waysInto((await kago.state()).pid as number), NO_WAY);
    }, { ...DEFAULT, linux });
  });
}

Deno.test("a neighbour finds no way into a VMM that runs", async () => {
  await using neighbour = await Neighbour.compile();
  await withGuestDouble(async (kago) => {
    const ways = await neighbour.waysInto((await kago.state()).pid as number);
    assertEquals(ways, NO_WAY);
  });
});

Deno.test("a neighbour that tries all the time gets into no stage of run, create, start and exec", async () => {
  await using neighbour = await Neighbour.compile();
  await Kago.with(
    besideHost(["/neighbour", "watch", `${Deno.pid}`], neighbour.program),
    async (watcher) => {
      const running = watcher.background();
      await watcher.says("watching");
      for (const linux of [{}, USER_NAMESPACE]) await liveThrough(linux);
      assertEquals(watcher.output(), "watching\n");
      // It would have told: this one is named as kago's are, and is as open as a program is.
      await Kago.with(besideHost(["/kago-control", "wait"], neighbour.program), async (control) => {
        const controlRunning = control.background();
        await watcher.says("root/");
        await control.run("delete", "--force", control.id);
        await controlRunning;
      });
      await watcher.run("delete", "--force", watcher.id);
      await running;
    },
  );
});

async function liveThrough(linux: Record<string, unknown>): Promise<void> {
  const hooks = { createRuntime: [{ path: "/bin/sleep", args: ["sleep", "0.1"] }] };
  const options = { args: ["sleep", "1000"], config: { ...DEFAULT, linux, hooks } };
  for (let round = 0; round < 5; round++) {
    await Kago.with(options, async (kago) => {
      await createdPid(kago);
      assertEquals((await kago.run("exec", kago.id, "true")).code, 0);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      assertEquals((await kago.run("exec", kago.id, "true")).code, 0);
    });
    await Kago.with({ ...options, args: ["true"] }, async (kago) => {
      assertEquals((await kago.foreground()).code, 0);
    });
  }
}
