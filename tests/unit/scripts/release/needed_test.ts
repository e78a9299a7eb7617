import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { HostError } from "../../../../runtime/common/errors.ts";
import { runCommand } from "../../../../scripts/build/command.ts";
import { neededLibraries } from "../../../../scripts/release/needed.ts";

/** A folder with libraries, each with the names of those that it needs. */
async function withLibraries(
  all: readonly (readonly [string, ...string[]])[],
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, ...needed] of all) {
      const links = ["-Wl,--no-as-needed", ...needed.map((one) => `${folder}/${one}`)];
      const shared = ["-shared", `-Wl,-soname,${name}`, "-o", `${folder}/${name}`];
      await runCommand("cc", ["-x", "c", "/dev/null", "-x", "none", ...shared, ...links]);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("neededLibraries() has each after those that it needs itself, and nothing of glibc's", async () => {
  const all = [["a.so.1"], ["b.so.1", "a.so.1"], ["c.so.1"], [
    "top.so.1",
    "b.so.1",
    "c.so.1",
    "a.so.1",
  ]];
  await withLibraries(all as [string][], async (folder) => {
    const needed = await neededLibraries(`${folder}/top.so.1`, folder);
    assertEquals(needed.map(({ soName }) => soName), ["a.so.1", "b.so.1", "c.so.1"]);
    assertEquals(needed[0]!.file, await Deno.realPath(`${folder}/a.so.1`));
  });
});

Deno.test("neededLibraries() names what is not there", async () => {
  await withLibraries([["kago_a.so.1"], ["top.so.1", "kago_a.so.1"]], async (folder) => {
    await Deno.remove(`${folder}/kago_a.so.1`);
    const look = () => neededLibraries(`${folder}/top.so.1`, folder);
    const { message } = await assertRejects(look, HostError);
    assertStringIncludes(
      message,
      `${folder}/top.so.1 needs kago_a.so.1; install it, or put it into`,
    );
  });
});
