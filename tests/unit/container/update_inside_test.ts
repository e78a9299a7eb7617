import { assertEquals, assertRejects } from "@std/assert";
import { EXECUTORS } from "../../../executors/registry.ts";
import type { Agent } from "../../../executors/interface/agent.ts";
import type { CgroupRecord } from "../../../runtime/cgroup/path.ts";
import { HostError } from "../../../runtime/common/errors.ts";
import { updateInside } from "../../../runtime/container/update_inside.ts";
import type { Resources } from "../../../runtime/spec/spec.ts";
import type { Status, StoredState } from "../../../runtime/state/container_state.ts";

const ELASTIC: Partial<StoredState> = { agentLimits: true, memoryOutside: 100 };

interface World {
  /** What was done, in order. */
  readonly done: string[];
  /** Writes a file of the container's cgroup. */
  write(file: string, text: string): void;
  /** @param other what its state has besides. */
  update(resources: Resources, status?: Status, other?: Partial<StoredState>): Promise<void>;
  /** Does the agent refuse, and has the container ended? */
  refuses: boolean;
  /** Does the agent put the first limits into force, and does not say so in time? */
  isLate: boolean;
  ended: boolean;
  /** Does the change on the host fail? */
  fails: boolean;
  /** Is memory given back once the inside has been told? */
  givesBack: boolean;
}

async function withAgent(files: Record<string, string>, use: (world: World) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const write = (file: string, text: string) => Deno.writeTextFileSync(`${folder}/${file}`, text);
  for (const [file, text] of Object.entries(files)) write(file, text);
  const directory = { version: 2, controllers: [], mountPoint: folder, path: folder } as const;
  const cgroup: CgroupRecord = { driver: "cgroupfs", directories: [directory] };
  const world: World = {
    done: [],
    write,
    refuses: false,
    isLate: false,
    ended: false,
    fails: false,
    givesBack: true,
    update: async (resources, status = "running", other = ELASTIC) => {
      const state = { id: "box", handler: "elastic", agent: true, ...other };
      const container = { state: state as unknown as StoredState, stateFolder: folder };
      const change = () => {
        if (world.fails) throw new Error("the kernel says no");
        world.done.push("host");
      };
      (await updateInside(container, cgroup, resources, status, change, 300))?.();
    },
  };
  const agent = {
    limit: (_container: unknown, { memory, cpu }: Resources) => {
      if (world.refuses) throw new HostError("the guest did not take it", "try again");
      world.done.push(`inside ${memory?.limit ?? ""}${cpu ? ` cpu ${cpu.quota}` : ""}`.trimEnd());
      if (world.isLate) {
        world.isLate = false;
        throw new HostError("the guest did not say so", "try again");
      }
      if (world.givesBack && memory?.limit) write("memory.current", `${memory.limit}\n`);
      return !world.ended;
    },
  } as unknown as Agent;
  EXECUTORS.push({
    name: "elastic",
    load: () => Promise.reject(new Error("nobody needs it")),
    loadAgent: () => Promise.resolve(agent),
  });
  try {
    await use(world);
  } finally {
    EXECUTORS.pop();
    await Deno.remove(folder, { recursive: true });
  }
}

const FILES = { "memory.max": "1000\n", "memory.current": "900\n", "memory.stat": "anon 900\n" };

Deno.test("updateInside() raises a memory limit on the host first, and lowers it inside first", async () => {
  await withAgent(FILES, async (world) => {
    await world.update({ memory: { limit: 2000 } });
    assertEquals(world.done.splice(0), ["host", "inside 2000"]);
    await world.update({ memory: { limit: 500 }, cpu: { quota: 7 } });
    assertEquals(world.done.splice(0), ["inside 500", "host", "inside 500 cpu 7"]);
    await world.update({ memory: { limit: -1 } });
    assertEquals(world.done.splice(0), ["host", "inside -1"]);
  });
});

Deno.test("updateInside() takes a lower limit back inside when the memory stays in use", async () => {
  await withAgent(FILES, async (world) => {
    world.givesBack = false;
    const error = await assertRejects(() => world.update({ memory: { limit: 500 } }), HostError);
    assertEquals(
      error.message.includes("the guest of container box still holds 900 bytes of 500"),
      true,
    );
    assertEquals(world.done, ["inside 500", "inside 1000"]);
  });
});

Deno.test("updateInside() counts no pages of files, which the host's kernel takes back by itself", async () => {
  await withAgent(FILES, async (world) => {
    world.givesBack = false;
    world.write("memory.stat", "anon 400\ninactive_file 300\nactive_file 200\n");
    await world.update({ memory: { limit: 400 } });
    assertEquals(world.done, ["inside 400", "host", "inside 400"]);
  });
});

Deno.test("updateInside() takes a lower limit back inside when the host does not take it", async () => {
  await withAgent({ ...FILES, "memory.max": "max\n" }, async (world) => {
    world.fails = true;
    await assertRejects(() => world.update({ memory: { limit: 500 } }), Error, "says no");
    assertEquals(world.done, ["inside 500", "inside -1"]);
  });
});

Deno.test("updateInside() changes nothing on the host when a lower limit is not taken inside", async () => {
  await withAgent(FILES, async (world) => {
    world.refuses = true;
    await assertRejects(() => world.update({ memory: { limit: 500 } }), HostError);
    assertEquals(world.done, []);
  });
});

Deno.test("updateInside() takes a lower limit back inside that was perhaps taken there", async () => {
  await withAgent(FILES, async (world) => {
    world.isLate = true;
    const update = () => world.update({ memory: { limit: 500 } });
    await assertRejects(update, HostError, "the guest did not say so");
    assertEquals(world.done, ["inside 500", "inside 1000"]);
  });
});

Deno.test("updateInside() changes the host's limits of a container that ends meanwhile", async () => {
  await withAgent(FILES, async (world) => {
    world.ended = true;
    await world.update({ memory: { limit: 500 } });
    assertEquals(world.done, ["inside 500", "host", "inside 500"]);
  });
});

Deno.test("updateInside() tells nobody who cannot hear, and refuses memory that he would have to hear of", async () => {
  await withAgent(FILES, async (world) => {
    for (const status of ["paused", "created"] as const) {
      await world.update({ cpu: { quota: 7 } }, status);
      assertEquals(world.done.splice(0), ["host"]);
      const update = () => world.update({ memory: { limit: 500 } }, status);
      await assertRejects(update, HostError, `cannot be changed while it is ${status}`);
      assertEquals(world.done, []);
    }
  });
});

Deno.test("updateInside() takes the memory limit that is in force already, whether the inside can hear or not", async () => {
  const cases: [string, number, boolean][] = [
    ["99999744", 99999744, true],
    // podman tells all of its limits, as it was given them.
    ["99999744", 100_000_000, true],
    ["99999744", 200_000_000, false],
    ["99999744", 99_999_743, false],
    ["99999744", -1, false],
    ["max", -1, true],
    ["max", 99999744, false],
    // v1's for none.
    ["9223372036854771712", -1, true],
  ];
  for (const [present, limit, isTaken] of cases) {
    await withAgent({ ...FILES, "memory.max": `${present}\n` }, async (world) => {
      for (const status of ["paused", "created"] as const) {
        const update = () => world.update({ memory: { limit }, cpu: { quota: 7 } }, status);
        if (isTaken) await update();
        else await assertRejects(update, HostError, `cannot be changed while it is ${status}`);
        assertEquals(world.done.splice(0), isTaken ? ["host"] : [], `${limit} in ${present}`);
      }
    });
  }
});

Deno.test("updateInside() asks no agent that was made before it could be told of limits", async () => {
  await withAgent(FILES, async (world) => {
    world.refuses = true;
    await world.update({ memory: { limit: 500 }, cpu: { quota: 7 } }, "running", {});
    assertEquals(world.done, ["host"]);
  });
});
