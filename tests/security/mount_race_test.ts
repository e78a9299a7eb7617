/**
 * A neighbour who shares a volume exchanges a folder and a link in it while the runtime mounts there (CVE-2021-30465,
 * CVE-2024-45310): nothing may be made or mounted outside of the root filesystem. helper-c/tests/common/root_race_test.c runs
 * the same at full speed against the path resolution alone.
 */
import { assert, assertEquals } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { attack, type Scene, type Victim } from "./attack.ts";
import { compileProgram } from "./compile.ts";

const SECONDS = 4;

/** Each exchange at the wrong moment ends a container: on a slow machine it takes more of them until one starts. */
const ROUNDS = 200;

/** Runs containers while `one` and `other` of the volume are exchanged; how many of them started. */
async function race({ kago, run }: Scene): Promise<number> {
  const program = `${kago.bundle.path}/swap`;
  await compileProgram("swap", program);
  const args = [`${kago.bundle.rootfs}/volume`, "swap", "link"];
  const swapper = new Deno.Command(program, { args, stdin: "null" }).spawn();
  let started = 0;
  const end = performance.now() + SECONDS * 1000;
  try {
    const enough = (round: number) => performance.now() >= end && started > 0 && round >= 3;
    for (let round = 0; round < ROUNDS && !enough(round); round++) {
      const { code, stdout, stderr } = await run();
      if (code === 0) started++;
      else assertEquals([code, stdout], [1, ""], stderr);
      // What a container sees of the victim is what it was given, never the host's.
      assert(!stdout.includes("precious"), stdout);
    }
  } finally {
    swapper.kill("SIGKILL");
    await swapper.status;
  }
  return started;
}

async function prepare({ rootfs, victim }: Scene, link: string): Promise<void> {
  await Deno.mkdir(`${rootfs}/volume/swap`, { recursive: true });
  await Deno.symlink(link, `${rootfs}/volume/link`);
  await Deno.mkdir(`${rootfs}${victim.path}`, { recursive: true });
}

const targets = ({ path, file }: Victim): BundleOptions => ({
  args: ["/bin/sh", "-c", `cat ${path}/file ${path}/folder/file; exit 0`],
  mounts: [
    ...Array.from({ length: 20 }, (_, i) => ({
      destination: `/volume/swap/made${i}/deep`,
      type: "tmpfs",
      source: "tmpfs",
    })),
    ...Array.from({ length: 20 }, (_, i) => ({
      destination: `/volume/swap/file${i}`,
      type: "bind",
      source: file.replace("/file", "/empty"),
      options: ["bind"],
    })),
  ],
});

for (const [name, climb] of [["a relative", "../../../../../.."], ["an absolute", ""]] as const) {
  attack(
    `a folder exchanged with ${name} link to the host makes and mounts nothing there`,
    targets,
    async (scene) => {
      await Deno.writeTextFile(`${scene.victim.path}/empty`, "");
      await prepare(scene, `${climb}${scene.victim.path}`);
      assert(await race(scene) > 0, "no container was started");
      await Deno.remove(`${scene.victim.path}/empty`);
    },
  );
}

attack(
  "a folder exchanged with a link to the root hides no folder of the host",
  ({ folder }) => ({
    args: ["/bin/sh", "-c", "ls /; exit 0"],
    mounts: [{
      destination: "/volume/swap/x",
      type: "bind",
      source: folder,
      options: ["bind", "rw"],
    }],
  }),
  async (scene) => {
    await prepare(scene, "../../../../../../..");
    assert(await race(scene) > 0, "no container was started");
  },
  ["process"],
);
