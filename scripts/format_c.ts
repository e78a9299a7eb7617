/**
 * Formats helper-c according to .clang-format, except generated files. With `--check` it writes nothing, and fails when
 * a file is formatted differently; without clang-format it then only prints a message. The version is fixed, since the
 * output depends on it: this version is a package of both Debian 12 and 13.
 */
import { HostError } from "../runtime/common/errors.ts";
import { CommandError, runCommand } from "./build/command.ts";
import { ROOT } from "./build/paths.ts";
import { runMain } from "./run_main.ts";

const PROGRAM = "clang-format-19";

/** The C files and headers below a folder of the repository that are not generated, sorted. */
export function writtenSources(folder = "helper-c"): readonly string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return writtenSources(path);
    return /\.[ch]$/.test(name) && !name.endsWith(".gen.h") ? [path] : [];
  }).sort();
}

async function formatC(check: boolean): Promise<void> {
  const options = check ? ["--dry-run", "--Werror"] : ["-i"];
  try {
    await runCommand(PROGRAM, [...options, ...writtenSources()], { cwd: ROOT });
  } catch (error) {
    if (error instanceof HostError) {
      if (!check) throw new HostError(`there is no ${PROGRAM}`, "run scripts/setup.sh --test");
      console.log(`the layout of C is not looked at: there is no ${PROGRAM} (setup.sh --test)`);
    } else if (error instanceof CommandError && check) {
      const files = [...new Set(error.output.match(/^[^\s:]+(?=:\d+:\d+: error:)/gm))];
      throw new Error(`run deno task format:c for ${files.join(", ") || error.output}`);
    } else throw error;
  }
}

if (import.meta.main) await runMain("format_c", () => formatC(Deno.args.includes("--check")));
