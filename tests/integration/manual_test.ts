/** The manual, as mandoc(1) reads it. Needs mandoc and `dist/kago`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ANNOTATIONS } from "../../executors/libkrun/settings/annotation_table.ts";
import { type CommandName, COMMANDS } from "../../runtime/cli/command_table.ts";
import { GLOBAL_OPTIONS } from "../../runtime/cli/common_options.ts";
import { OPTION_GROUPS } from "../../runtime/cli/groups.ts";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";

const NAMES = Object.keys(COMMANDS) as CommandName[];

async function withManual(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await runOk(KAGO, ["manual", "--output", folder]);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A page as it is read, its words without markup and line breaks. */
async function read(page: string): Promise<string> {
  const shown = await runOk("mandoc", ["-T", "ascii", page]);
  // deno-lint-ignore no-control-regex
  return shown.replaceAll(/.\x08/g, "").replaceAll(/-\n\s+/g, "-").replaceAll(/\s+/g, " ");
}

Deno.test("manual --output writes a page for kago, for each command and for microVMs, without a fault", async () => {
  await withManual(async (folder) => {
    const pages = ["kago.1", ...NAMES.map((name) => `kago-${name}.1`)].map((page) =>
      `man1/${page}`
    );
    const found = await runOk("find", [folder, "-type", "f", "-printf", "%P\n"]);
    assertEquals(found.trim().split("\n").sort(), [...pages, "man7/kago-microvm.7"].sort());
    const all = found.trim().split("\n").map((page) => `${folder}/${page}`);
    const { code, stdout, stderr } = await run("mandoc", ["-T", "lint", "-W", "warning", ...all]);
    assertEquals([code, stdout + stderr], [0, ""]);
  });
});

Deno.test("the pages name every command, option and annotation", async () => {
  await withManual(async (folder) => {
    const main = await read(`${folder}/man1/kago.1`);
    for (const { name } of GLOBAL_OPTIONS) assertStringIncludes(main, `--${name}`);
    for (const name of NAMES) {
      assertStringIncludes(main, `kago-${name}(1)`);
      const page = await read(`${folder}/man1/kago-${name}.1`);
      for (const option of COMMANDS[name].options) assertStringIncludes(page, `--${option.name}`);
      for (const [title] of OPTION_GROUPS[name] ?? []) assertStringIncludes(page, title);
      assertEquals(
        await runOk(KAGO, ["manual", name]),
        await Deno.readTextFile(`${folder}/man1/kago-${name}.1`),
      );
    }
    const microvm = await read(`${folder}/man7/kago-microvm.7`);
    for (const name of Object.keys(ANNOTATIONS)) assertStringIncludes(microvm, name);
  });
});

Deno.test("a page that there is not is refused", async () => {
  for (const words of [["nix"], ["constructor"], ["run", "--output", "/tmp"]]) {
    const { code, stderr } = await run(KAGO, ["manual", ...words]);
    assertEquals(code, 1);
    assert(/there is no page|does not take PAGE/.test(stderr), stderr);
  }
});
