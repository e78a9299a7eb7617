/**
 * Builds kago: the helpers in C, the bundles, the single binary. This module owns the command line and the order of
 * the steps; scripts/build/ owns the steps.
 *
 *   deno run -A scripts/build.ts [--packer auto|compile|npm] [--offline] [--output FILE] [--only helpers|bundle]
 *
 * `KAGO_PACKER` is the default of --packer.
 */
import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "../runtime/common/errors.ts";
import { bundle } from "./build/bundle.ts";
import { buildHelpers } from "./build/helpers.ts";
import { pack, type Packer, PACKERS } from "./build/pack.ts";
import { BUNDLES, DIST, ROOT } from "./build/paths.ts";
import { bundlePart, CREATE, EXEC, MICROVM, QUICK } from "./build/quick.ts";
import { runMain } from "./run_main.ts";

interface Options {
  readonly packer: Packer;
  readonly offline: boolean;
  readonly output: string;
  /** The last step. */
  readonly only: "helpers" | "bundle" | undefined;
}

async function build(options: Options): Promise<void> {
  const helpers = await buildHelpers();
  if (options.only === "helpers") return;
  // First alone, for the same reason as in bundle.ts.
  await bundle(`${ROOT}/main.ts`, BUNDLES.whole);
  await Promise.all([
    bundlePart(QUICK, BUNDLES.quick),
    bundlePart(EXEC, BUNDLES.exec),
    bundlePart(CREATE, BUNDLES.create),
    bundlePart(MICROVM, BUNDLES.microvm),
  ]);
  if (options.only === "bundle") return;
  const { packer, offline, output } = options;
  const env = Deno.env.toObject();
  const used = await pack({ packer, offline, env, ...BUNDLES, ...helpers, output });
  const { size } = await Deno.stat(output);
  console.log(`${output}: ${(size / 2 ** 20).toFixed(1)} MiB, packed with ${used}`);
}

/** @throws {UsageError} for an unknown option or value. */
function readOptions(args: string[]): Options {
  const parsed = parseArgs(args, {
    string: ["packer", "output", "only"],
    boolean: ["offline"],
    default: { packer: Deno.env.get("KAGO_PACKER") || "auto", output: `${DIST}/kago` },
    unknown: (arg: string) => {
      throw new UsageError(`build.ts does not know ${arg}`);
    },
  });
  const { only } = parsed;
  const packer = PACKERS.find((name) => name === parsed.packer);
  if (!packer) throw new UsageError(`--packer is one of ${PACKERS.join(", ")}`);
  if (only !== undefined && only !== "helpers" && only !== "bundle") {
    throw new UsageError("--only is one of helpers, bundle");
  }
  return { packer, offline: parsed.offline, output: parsed.output, only };
}

if (import.meta.main) await runMain("build", () => build(readOptions(Deno.args)));
