import { assertEquals, assertRejects } from "@std/assert";
import { readIfPresent, replaceFile, writeIfChanged } from "../../../scripts/build/output_file.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("replaceFile() makes the folder, sets the mode and leaves no other file", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/new/file`;
    await replaceFile(path, 0o751, (temporary) => Deno.writeTextFile(temporary, "x"));
    assertEquals(await Deno.readTextFile(path), "x");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o751);
    assertEquals([...Deno.readDirSync(`${folder}/new`)].length, 1);
  });
});

Deno.test("replaceFile() keeps the old file when writing fails", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "old");
    const fail = () => Promise.reject(new RangeError("no"));
    await assertRejects(() => replaceFile(path, 0o644, fail), RangeError);
    assertEquals(await Deno.readTextFile(path), "old");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("replaceFile() tells the failure of a writer that has removed the file", async () => {
  await withFolder(async (folder) => {
    const fail = async (temporary: string) => {
      await Deno.remove(temporary);
      throw new RangeError("no");
    };
    await assertRejects(() => replaceFile(`${folder}/file`, 0o644, fail), RangeError);
  });
});

Deno.test("writeIfChanged() leaves a file alone that says the same", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await writeIfChanged(path, "a");
    const first = (await Deno.stat(path)).ino;
    await writeIfChanged(path, "a");
    assertEquals((await Deno.stat(path)).ino, first);
    await writeIfChanged(path, "b");
    assertEquals(await readIfPresent(path), "b");
  });
});

Deno.test("readIfPresent() is undefined for a missing file only", async () => {
  await withFolder(async (folder) => {
    assertEquals(await readIfPresent(`${folder}/none`), undefined);
    await assertRejects(() => readIfPresent(folder));
  });
});
