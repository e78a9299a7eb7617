import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { HostError } from "../../runtime/common/errors.ts";
import { findOwnProgram, ownLibrary, withOwnLibrary } from "../../runtime/own_files.ts";

/** Two folders of root's, of which the second has libkrun, what it needs, and passt. */
async function withFolders(
  use: (first: string, second: string) => Promise<void> | void,
): Promise<void> {
  const place = await Deno.makeTempDir({ dir: "/usr/local/lib", prefix: "own_files_" });
  await Deno.chmod(place, 0o755);
  const [first, second] = [`${place}/first`, `${place}/second`];
  try {
    await Deno.mkdir(first, { mode: 0o755 });
    await Deno.mkdir(`${second}/needed`, { recursive: true, mode: 0o755 });
    for (const name of ["libkrun.so.1", "needed/02-b.so.1", "needed/01-c.so.0", "passt"]) {
      await Deno.writeTextFile(`${second}/${name}`, "", { mode: 0o755 });
    }
    await use(first, second);
  } finally {
    await Deno.remove(place, { recursive: true });
  }
}

Deno.test("ownLibrary() is that of the first folder which has one, with what it needs in the order of the names", async () => {
  await withFolders(async (first, second) => {
    const needed = [`${second}/needed/01-c.so.0`, `${second}/needed/02-b.so.1`];
    const library = { path: `${second}/libkrun.so.1`, from: second, needed };
    assertEquals(ownLibrary([first, second]), library);
    await Deno.writeTextFile(`${first}/libkrun.so.1`, "");
    assertEquals(ownLibrary([first, second]), { path: `${first}/libkrun.so.1`, from: first });
    assertEquals(ownLibrary([`${first}/none`]), undefined);
  });
});

Deno.test("withOwnLibrary() leaves a library alone that is named", async () => {
  await withFolders((first, second) => {
    const named = { library: { path: "/opt/libkrun.so.1", from: "--libkrun" }, allowed: ["a"] };
    assertEquals(withOwnLibrary(named, [second]), named);
    const own = withOwnLibrary({ allowed: ["a"] }, [second]);
    assertEquals([own.library?.path, own.allowed], [`${second}/libkrun.so.1`, ["a"]]);
    assertEquals(withOwnLibrary({ allowed: [] }, [first]), { allowed: [] });
  });
});

Deno.test("findOwnProgram() takes the host's where none came with kago, and none that others could have written", async () => {
  await withFolders(async (first, second) => {
    assertEquals(findOwnProgram("passt", [first, second]), `${second}/passt`);
    assertEquals(findOwnProgram("sh", [first, second])?.endsWith("/sh"), true);
    assertEquals(findOwnProgram("no-such-program", [first, second]), undefined);
    await Deno.chmod(`${second}/passt`, 0o757);
    const { message } = assertThrows(() => findOwnProgram("passt", [second]), HostError);
    assertStringIncludes(message, `${second}: ${second}/passt can be written by others than root`);
  });
});
