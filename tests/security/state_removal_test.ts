/** What others have put into a container's state is removed with it, however it is made, and nothing else is. Needs root. */
import { assert, assertEquals } from "@std/assert";
import { compileC } from "../harness/c_program.ts";
import { isThere } from "../../runtime/common/files.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";

const ID = "kago-test-removal";

/** A state root on a tmpfs, as the usual one is, with the remains of a container in it. */
async function withRemains(use: (root: string, state: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "kago_root_" });
  const state = `${root}/${ID}`;
  await Deno.mkdir(`${state}/guest/vm`, { recursive: true });
  try {
    await use(root, state);
  } finally {
    // Deno's own removal would not bear what is in there.
    await runOk("rm", ["-rf", root]);
  }
}

function forceDelete(root: string) {
  return run(KAGO, ["--root", root, "delete", "--force", ID], { timeout: 120 });
}

Deno.test("delete --force removes 60000 folders in each other", async () => {
  const nest = await compileC(new URL("nest.c", import.meta.url));
  await withRemains(async (root, state) => {
    await runOk(nest, [`${state}/guest/vm`, "60000"]);
    const { code, stderr } = await forceDelete(root);
    assertEquals(code, 0, stderr);
    assert(!isThere(state));
  });
  await Deno.remove(nest);
});

Deno.test("delete --force follows no link in the state, and empties nothing that is mounted there", async () => {
  const victim = await Deno.makeTempDir({ prefix: "victim_" });
  await Deno.mkdir(`${victim}/kept`);
  await withRemains(async (root, state) => {
    for (const place of ["link", "guest/link", "guest/vm/link"]) {
      await Deno.symlink(victim, `${state}/${place}`);
    }
    await Deno.mkdir(`${state}/guest/vm/mounted`);
    await runOk("mount", ["--bind", victim, `${state}/guest/vm/mounted`]);
    try {
      assertEquals((await forceDelete(root)).code, 1);
      assert(isThere(`${victim}/kept`));
    } finally {
      await runOk("umount", [`${state}/guest/vm/mounted`]);
    }
    const { code, stderr } = await forceDelete(root);
    assertEquals(code, 0, stderr);
    assert(!isThere(state));
    assert(isThere(`${victim}/kept`));
  });
  await Deno.remove(victim, { recursive: true });
});
