import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { digestInputs, makeIfChanged } from "../../../scripts/build/stamp.ts";

async function withInput(test: (input: string, result: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/input`, "1");
    await test(`${folder}/input`, `${folder}/result`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("makeIfChanged() makes anew after a change of an input, the recipe or a lost result", async () => {
  await withInput(async (input, result) => {
    const make = () => Deno.writeTextFile(result, "");
    const again = (...recipe: string[]) => makeIfChanged(result, [input], recipe, make);
    assertEquals(await again("-a"), true);
    assertEquals(await again("-a"), false);
    assertEquals(await again("-b"), true);
    await Deno.writeTextFile(input, "2");
    assertEquals(await again("-b"), true);
    await Deno.remove(result);
    assertEquals(await again("-b"), true);
    assertEquals(await again("-b"), false);
  });
});

Deno.test("makeIfChanged() tries again after a failure", async () => {
  await withInput(async (input, result) => {
    const fail = () => Promise.reject(new RangeError("no"));
    await assertRejects(() => makeIfChanged(result, [input], [], fail), RangeError);
    const made = await makeIfChanged(result, [input], [], () => Deno.writeTextFile(result, ""));
    assertEquals(made, true);
  });
});

Deno.test("digestInputs() tells words of the recipe apart", async () => {
  assertNotEquals(await digestInputs([], ["a", "b"]), await digestInputs([], ["a b"]));
});
