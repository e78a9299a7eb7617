/**
 * An executor that kago does not have, from an entry in the registry alone: what the commands ask of it, from the builder to
 * `ps`. It is a stand-in for one such as a WebAssembly runtime, which Init becomes and which answers for what it runs.
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Agent, AgentFigures, PsRequest } from "../../../executors/interface/agent.ts";
import type {
  BundleContext,
  Executor,
  TenantInput,
} from "../../../executors/interface/executor.ts";
import { EXECUTORS } from "../../../executors/registry.ts";
import { buildContainer } from "../../../runtime/build/container.ts";
import { run as ps } from "../../../runtime/commands/ps.ts";
import { HostError, SpecError, StateError } from "../../../runtime/common/errors.ts";
import {
  checkpointContainer,
  type CheckpointRequest,
} from "../../../runtime/container/checkpoint.ts";
import { initialState } from "../../../runtime/container/create.ts";
import { statsEvent } from "../../../runtime/container/events.ts";
import { killContainer } from "../../../runtime/container/kill.ts";
import { updateContainer } from "../../../runtime/container/update.ts";
import type { Logger } from "../../../runtime/log.ts";
import type { Runner } from "../../../runtime/plan/compile_input.ts";
import { mountOps } from "../../../runtime/plan/mounts.ts";
import type { StoredState } from "../../../runtime/state/container_state.ts";
import { processStartTime } from "../../../runtime/state/live_status.ts";
import { saveConfig } from "../../../runtime/state/stored_config.ts";
import { createStateDir, saveState } from "../../../runtime/state/store.ts";
import { buildTenant } from "../../../runtime/tenant/build.ts";
import type { TenantRequest } from "../../../runtime/tenant/build.ts";

const FIGURES: AgentFigures = {
  memory: { total: 3n, available: 2n, usage: 1n, oomKills: 6n },
  cpu: { usage: 4n },
  pids: { current: 5n },
};

/** What the executor was asked, in order. */
const asked: unknown[][] = [];

const runner: Runner = {
  early: [{ op: "chdir", path: "/early" }],
  isUnlimited: false,
  mounts: mountOps,
  execute: ({ libraryPath = "" }) => ({ op: "exec", args: ["wasm"], env: [libraryPath] }),
  stages: (_input, { args = [] }, enter) => ({
    vmm: [...enter, { op: "exec", args, env: [] }],
  }),
};

const wasm: Executor = {
  name: "wasm",
  validate: ({ process }) => {
    if (!process) throw new SpecError("process", "is required: there is no module");
  },
  preExec: (spec, { stateFolder }: BundleContext) => {
    asked.push(["preExec", stateFolder]);
    const checkHost = () => {
      throw new HostError("there is no wasm on this host", "install one");
    };
    return { spec, rootfsFiles: [], runner, hasAgent: true, warnings: ["slow"], checkHost };
  },
  tenantPlan: ({ state, stateFolder }: TenantInput) => {
    asked.push(["tenantPlan", state.id, stateFolder]);
    return { intermediate: [], init: [], vmm: [] };
  },
  tenantsNeedStart: true,
  checkUpdate: (_state, { memory }) => {
    if (memory) throw new SpecError("linux.resources.memory", "is the module's to say");
  },
  checkCheckpoint: ({ id }) => {
    throw new HostError(`container ${id} cannot be checkpointed`, "leave it running");
  },
  noNotify: "a module has no sockets",
};

let hasEnded = false;
let isDeaf = false;

const agent: Agent = {
  signal: ({ state, stateFolder }, signal, all) => {
    asked.push(["signal", state.id, stateFolder, signal, all]);
    return !hasEnded;
  },
  figures: () => FIGURES,
  limit: ({ state }, { cpu }) => {
    if (isDeaf) throw new HostError("the module was not told", "try again");
    asked.push(["limit", state.id, cpu]);
    return !hasEnded;
  },
  ps: (_container, { status, format, options }: PsRequest) => {
    asked.push(["ps", status, format, options]);
    return Promise.resolve("");
  },
};

/** With the executor in the registry, a bundle for it, and a folder for state. */
async function withWasm(use: (root: string, bundle: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const entry = {
    name: "wasm",
    load: () => Promise.resolve(wasm),
    loadAgent: () => Promise.resolve(agent),
  };
  EXECUTORS.push(entry);
  asked.length = 0;
  hasEnded = false;
  isDeaf = false;
  try {
    await Deno.mkdir(`${folder}/bundle/rootfs`, { recursive: true });
    const config = {
      ociVersion: "1.2.0",
      annotations: { "run.oci.handler": "wasm" },
      root: { path: "rootfs" },
      process: { cwd: "/", args: ["/main.wasm"], user: { uid: 0, gid: 0 } },
      linux: { namespaces: [{ type: "mount" }] },
    };
    await Deno.writeTextFile(`${folder}/bundle/config.json`, JSON.stringify(config));
    await use(`${folder}/root`, `${folder}/bundle`);
  } finally {
    EXECUTORS.splice(EXECUTORS.indexOf(entry), 1);
    await Deno.remove(folder, { recursive: true });
  }
}

function build(root: string, bundle: string) {
  return buildContainer({
    id: "box",
    root,
    bundle,
    config: "config.json",
    invokedAs: "kago",
    preserveFds: 0,
    sdNotify: true,
    noPivot: false,
    noNewKeyring: false,
    rootless: "auto",
  });
}

/** The state of a container that runs, whose Init is a process of the test's. */
async function withRunning(
  use: (root: string, state: StoredState, ended: Promise<Deno.CommandStatus>) => Promise<void>,
): Promise<void> {
  await withWasm(async (root, bundle) => {
    const built = await build(root, bundle);
    asked.length = 0;
    const init = new Deno.Command("sleep", { args: ["1000"] }).spawn();
    let isThere = true;
    const ended = init.status.finally(() => isThere = false);
    try {
      const state: StoredState = {
        ...initialState(built),
        status: "running",
        pid: init.pid,
        pidStartTime: processStartTime(init.pid)!,
        cgroup: { driver: "cgroupfs", directories: [] },
      };
      const lock = createStateDir(root, "box");
      saveState(root, state);
      saveConfig(lock.directory, built.configText);
      lock.unlock();
      await use(root, state, ended);
    } finally {
      if (isThere) init.kill("SIGKILL");
      await ended;
    }
  });
}

Deno.test("the builder takes from an executor of the registry what Init becomes, and what create checks and stores", async () => {
  await withWasm(async (root, bundle) => {
    const built = await build(root, bundle);
    assertEquals(asked, [["preExec", `${root}/box`]]);
    const { intermediate, init, vmm } = built.plan;
    assertEquals(intermediate.filter(({ op }) => op === "chdir"), runner.early);
    assertEquals(init.at(-1)?.op, "exec");
    assertEquals(vmm.map(({ op }) => op), ["pivotRoot", "prepareCwd", "rootAttributes", "exec"]);
    assertEquals(built.warnings, [
      "NOTIFY_SOCKET is ignored: a module has no sockets",
      "slow",
    ]);
    assertThrows(() => built.checkHost?.(), HostError, "there is no wasm on this host");
    const { handler, agent, agentLimits } = initialState(built);
    assertEquals([handler, agent, agentLimits], ["wasm", true, true]);
  });
});

Deno.test("kill, events and ps ask the agent of the container's executor", async () => {
  await withRunning(async (root, { pid }) => {
    const stateFolder = `${root}/box`;
    await killContainer(root, "box", 15, true);
    hasEnded = true;
    await assertRejects(() => killContainer(root, "box", 2, false), StateError, "stopped");
    const event = await statsEvent(root, "box");
    assertEquals(event.type === "stats" && event.data.guest, FIGURES);
    const logger = { warn: () => {} } as unknown as Logger;
    const invocation = {
      global: { root },
      options: { format: "table" },
      positionals: ["box", "-o"],
    };
    assertEquals(await ps(invocation as unknown as Parameters<typeof ps>[0], logger), 0);
    assertEquals(asked, [
      ["signal", "box", stateFolder, 15, true],
      ["signal", "box", stateFolder, 2, false],
      ["ps", "running", "table", ["-o"]],
    ]);
    assertEquals(processStartTime(pid) !== undefined, true, "no signal went to Init");
  });
});

Deno.test("kill sends KILL itself, whatever the agent would say", async () => {
  await withRunning(async (root, _state, ended) => {
    await killContainer(root, "box", 9, false);
    assertEquals((await ended).signal, "SIGKILL");
    assertEquals(asked, []);
  });
});

Deno.test("update keeps all of the host's limits, or none, whether the inside can be told or not", async () => {
  await withRunning(async (root, state) => {
    const resctrl = `${root}/resctrl`;
    const cgroup = `${root}/cgroup`;
    for (const folder of [`${resctrl}/info/L3`, `${resctrl}/box`, `${cgroup}/box`]) {
      await Deno.mkdir(folder, { recursive: true });
    }
    await Deno.writeTextFile(`${cgroup}/box/pids.max`, "max\n");
    const schemata = `${resctrl}/box/schemata`;
    await Deno.writeTextFile(schemata, "L3:0=ff\n");
    const directory = {
      version: 1,
      controllers: ["pids"],
      mountPoint: cgroup,
      path: `${cgroup}/box`,
    } as const;
    saveState(root, {
      ...state,
      cgroup: { driver: "cgroupfs", directories: [directory] },
      resctrl: { group: `${resctrl}/box`, own: true },
    });
    const update = (pids: number, cpu = {}) =>
      updateContainer(root, "box", {
        resources: { pids: { limit: pids }, cpu },
        intelRdt: { l3CacheSchema: "L3:0=f" },
      });
    const limits = () =>
      [schemata, `${cgroup}/box/pids.max`].map((file) => Deno.readTextFileSync(file).trim());
    // There is no such controller.
    await assertRejects(() => update(7, { shares: 2 }));
    assertEquals(limits(), ["L3:0=ff", "max"]);
    isDeaf = true;
    await assertRejects(() => update(8), HostError, "the module was not told");
    assertEquals(limits(), ["L3:0=f", "8"]);
  });
});

Deno.test("update, checkpoint and exec ask the executor, exec once the container is started", async () => {
  await withRunning(async (root, state) => {
    const changes = { resources: { memory: { limit: 1 } } };
    const error = await assertRejects(() => updateContainer(root, "box", changes), SpecError);
    assertEquals(error.jsonPath, "linux.resources.memory");
    const paths = { images: `${root}/images`, work: `${root}/work` };
    const checkpoint = {
      id: "box",
      root,
      rootless: false,
      folders: paths,
      flags: {},
      statusFd: -1,
    } as unknown as CheckpointRequest;
    await assertRejects(
      () => checkpointContainer(checkpoint, () => {}),
      HostError,
      "container box cannot be checkpointed",
    );
    const request: TenantRequest = {
      id: "box",
      root,
      flags: {
        args: ["sh"],
        env: [],
        additionalGids: [],
        capabilities: [],
        noNewPrivileges: false,
        terminal: false,
      },
      cgroup: [],
      ignorePaused: false,
      detach: true,
      preserveFds: 0,
    };
    using _init = (await buildTenant(request)).init;
    assertEquals(asked, [["tenantPlan", "box", `${root}/box`]]);
    saveState(root, { ...state, status: "created" });
    await assertRejects(() => buildTenant(request), StateError, "created");
  });
});
