/** Files planted where kago keeps and writes its own: the state root, the pid file, hooks. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { attack, PRECIOUS, type Scene } from "./attack.ts";

const SLEEP = { args: ["/bin/sleep", "100"] };
const PLAIN = ["process"] as const;

attack(
  "a state folder that is a link elsewhere is not emptied by delete",
  () => SLEEP,
  async ({ kago, victim }) => {
    await Deno.symlink(victim.path, `${kago.root}/planted`);
    const { code } = await kago.run("delete", "--force", "planted");
    await Deno.remove(`${kago.root}/planted`);
    assertEquals(code, 1);
    assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
  },
  PLAIN,
);

attack(
  "a link in a state folder is removed, not what it names",
  () => SLEEP,
  async ({ kago, victim }) => {
    assertEquals((await kago.create()).code, 0);
    await Deno.symlink(victim.path, `${kago.root}/${kago.id}/link`);
    const { code, stderr } = await kago.run("delete", "--force", kago.id);
    assertEquals(code, 0, stderr);
    assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
  },
  PLAIN,
);

/** Changes members of the state.json of a created container. */
async function plant({ kago }: Scene, changes: Record<string, unknown>): Promise<void> {
  const file = `${kago.root}/${kago.id}/state.json`;
  const state = JSON.parse(await Deno.readTextFile(file));
  await Deno.writeTextFile(file, JSON.stringify({ ...state, ...changes }));
}

attack(
  "a planted pid kills nobody, and planted cgroups remove nothing outside of their hierarchy",
  () => SLEEP,
  async (scene) => {
    const { kago, victim } = scene;
    const bystander = new Deno.Command("sleep", { args: ["100"], stdin: "null" }).spawn();
    try {
      assertEquals((await kago.create()).code, 0);
      const file = `${kago.root}/${kago.id}/state.json`;
      const original = await Deno.readTextFile(file);
      await plant(scene, { pid: bystander.pid, cgroup: null });
      assertEquals((await kago.run("kill", kago.id, "KILL")).code, 1);
      const directory = { version: 1, controllers: ["pids"], mountPoint: victim.path };
      for (const path of [`${victim.path}/../x`, victim.path, `${victim.path}//folder`]) {
        await Deno.writeTextFile(file, original);
        const cgroup = { driver: "cgroupfs", directories: [{ ...directory, path }] };
        await plant(scene, { cgroup });
        const { code, stderr } = await kago.run("delete", kago.id);
        assertEquals(code, 1);
        assertStringIncludes(stderr, "damaged");
      }
      await Deno.writeTextFile(file, original);
      assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
      Deno.kill(bystander.pid, "SIGCONT"); // throws when it is gone
    } finally {
      bystander.kill("SIGKILL");
      await bystander.status;
    }
  },
  PLAIN,
);

attack(
  "ids that are paths reach nothing beside the state root",
  () => SLEEP,
  async ({ kago, victim }) => {
    for (const id of [`..${victim.path}`, "..", ".", "a/../../b", victim.path, "a\nb", ""]) {
      for (const command of ["state", "delete", "kill", "start"]) {
        const { code } = await kago.run(command, id);
        assertEquals(code, 1, `${command} ${JSON.stringify(id)}`);
      }
      const { code } = await kago.run("create", "--bundle", kago.bundle.path, id);
      assertEquals(code, 1);
    }
  },
  PLAIN,
);

attack(
  "the pid file's temporary name is not written through a link that waits there",
  () => SLEEP,
  async ({ kago, victim }) => {
    const folder = `${kago.bundle.path}/shared`;
    await Deno.mkdir(folder);
    await Deno.chmod(folder, 0o1777);
    await Deno.symlink(victim.file, `${folder}/.pid`);
    await kago.create("--pid-file", `${folder}/pid`);
    assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
    const plain = `${folder}/other`;
    await Deno.symlink(victim.file, plain);
    await kago.run("delete", "--force", kago.id);
    const { code } = await kago.create("--pid-file", plain);
    assertEquals(code, 0);
    // The name itself is replaced, link or not.
    assertEquals(await Deno.readTextFile(plain), `${(await kago.state()).pid}`);
  },
  PLAIN,
);

attack(
  "a hook's path is the host's at createContainer and the container's at startContainer",
  () => ({ args: ["/bin/true"] }),
  async ({ kago, rootfs, victim, run }) => {
    const planted = `${rootfs}/bin/hook`;
    const script = (text: string) => `#!/bin/sh\n${text}\n`;
    await Deno.writeTextFile(planted, script(`echo gone > ${victim.file}; echo hook > /told`));
    await Deno.chmod(planted, 0o755);
    const withHooks = (hooks: unknown) =>
      Deno.writeTextFile(
        `${kago.bundle.path}/config.json`,
        JSON.stringify({ ...kago.bundle.config, hooks }),
      );
    // Only the image has /bin/hook.
    await withHooks({ createContainer: [{ path: "/bin/hook" }] });
    const outside = await run();
    assertEquals([outside.code, outside.stdout], [1, ""]);
    assertStringIncludes(outside.stderr, "hooks.createContainer[0]");
    await withHooks({ startContainer: [{ path: "/bin/hook" }] });
    await run();
    assertEquals(await Deno.readTextFile(`${rootfs}/told`), "hook\n");
    assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
    await withHooks({ createRuntime: [{ path: "bin/hook" }] });
    const relative = await run();
    assertEquals(relative.code, 1);
    assertStringIncludes(relative.stderr, "hooks.createRuntime[0].path");
  },
);
