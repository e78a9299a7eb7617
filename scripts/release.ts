/**
 * Makes the files of a release from a clean checkout: an archive, a Debian package, their checksums, and, if libkrun is
 * available, a bundle for hosts without a network. The same commit and compilers produce the same bytes. This module
 * owns the command line and the order of the steps; scripts/release/ owns the steps.
 *
 *   ./scripts/release.sh VERSION [--with-libkrun DIR] [--compression 0..9]
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../runtime/common/errors.ts";
import { runCommand } from "./build/command.ts";
import { BUILD, DIST, ROOT } from "./build/paths.ts";
import { addOwnFiles } from "./release/airgapped.ts";
import { packArchive } from "./release/archive.ts";
import { listComponents } from "./release/components.ts";
import { packDeb } from "./release/deb.ts";
import { readSource } from "./release/source.ts";
import { stageFiles } from "./release/stage.ts";
import { sumsOf } from "./release/sums.ts";
import { runMain } from "./run_main.ts";

const USAGE = "usage: release.sh VERSION [--with-libkrun DIR] [--compression 0..9]";

interface Options {
  readonly version: string;
  /** A folder with libkrun.so.1 and libkrunfw.so.5. */
  readonly libkrun: string | undefined;
  /** xz(1)'s preset. */
  readonly level: number;
}

async function release({ version, libkrun, level }: Options): Promise<void> {
  const source = await readSource(version);
  const [work, output] = [`${BUILD}/release`, `${DIST}/release`];
  for (const folder of [work, output]) {
    await emptyFolder(folder);
  }
  const program = `${work}/kago`;
  // Always the same packer, regardless of what the building machine can download.
  const build = ["run", "-A", `${ROOT}/scripts/build.ts`, "--packer", "npm", "--output", program];
  await runCommand(Deno.execPath(), build, { env: { DENO_NO_UPDATE_CHECK: "1" } });
  const components = await listComponents();
  const tree = `${work}/kago-${version}-linux-x86_64`;
  await stageFiles(tree, program, source, components);
  await packArchive(tree, output, source, level);
  await packDeb(tree, `${work}/deb`, output, source, level);
  if (libkrun !== undefined) {
    const bundle = `${work}/kago-${version}-airgapped-linux-x86_64`;
    const own = await addOwnFiles(`${bundle}/lib/kago`, libkrun);
    await stageFiles(bundle, program, source, [...components, ...own]);
    await packArchive(bundle, output, source, level);
  }
  await Deno.writeTextFile(`${output}/SHA256SUMS`, await sumsOf(output));
  console.log(await Deno.readTextFile(`${output}/SHA256SUMS`));
}

async function emptyFolder(folder: string): Promise<void> {
  await runCommand("rm", ["-rf", folder]);
  await Deno.mkdir(folder, { recursive: true });
}

/** @throws {UsageError} for an unknown option or value. */
function readOptions(args: string[]): Options {
  const parsed = parseArgs(args, {
    string: ["_", "with-libkrun", "compression"],
    default: { compression: "6" },
    unknown: (arg: string) => {
      if (arg.startsWith("-")) throw new UsageError(`release.sh does not know ${arg}; ${USAGE}`);
    },
  });
  const [version, ...others] = parsed._.map(String);
  if (version === undefined || others.length > 0) throw new UsageError(USAGE);
  if (!/^[0-9]$/.test(parsed.compression)) throw new UsageError("--compression is 0 to 9");
  return {
    version,
    libkrun: parsed["with-libkrun"],
    level: Number(parsed.compression),
  };
}

if (import.meta.main) await runMain("release", () => release(readOptions(Deno.args)));
