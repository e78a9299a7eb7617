import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../../../scripts/build/paths.ts";
import { writtenSources } from "../../../scripts/format_c.ts";

Deno.test("writtenSources() are C files and headers of all folders, but those that are generated", () => {
  const sources = writtenSources();
  for (const name of ["stage/main.c", "entry/stage.h", "tests/check.h", "fuzz/wire_fuzz.c"]) {
    assert(sources.includes(`helper-c/${name}`), name);
  }
  assertEquals(sources.filter((name) => !/\.[ch]$/.test(name) || name.includes(".gen.")), []);
});

Deno.test("format_c --check says where there is no clang-format, and fails for nothing else", async () => {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", `${ROOT}/scripts/format_c.ts`, "--check"],
    env: { PATH: "/nowhere" },
  }).output();
  const says = "the layout of C is not looked at: there is no clang-format-19 (setup.sh --test)\n";
  assertEquals([code, new TextDecoder().decode(stdout)], [0, says]);
});
