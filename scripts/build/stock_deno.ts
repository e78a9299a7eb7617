/** Finds the deno executable for the product: the pinned one, never the npm package's Node wrapper. */
import pinned from "../tools/package.json" with { type: "json" };
import { HostError } from "../../runtime/common/errors.ts";
import { TOOLS } from "./paths.ts";
import { exists } from "./output_file.ts";

const PACKAGE = "@deno/linux-x64-glibc";

/** The version of Deno that kago is built with. */
export const DENO_VERSION: string = pinned.dependencies[PACKAGE];

/** The target triple of that Deno, as its releases are named. */
export const DENO_TARGET = "x86_64-unknown-linux-gnu";

/**
 * The path of the pinned deno: as installed by scripts/setup.sh, else the running one if it has that version.
 * @throws {HostError} when there is neither.
 */
export async function stockDeno(): Promise<string> {
  const installed = `${TOOLS}/node_modules/${PACKAGE}/deno`;
  if (await exists(installed)) return installed;
  if (Deno.version.deno === DENO_VERSION && Deno.build.target === DENO_TARGET) {
    return Deno.execPath();
  }
  throw new HostError(
    `deno ${DENO_VERSION} for ${DENO_TARGET} is not at ${installed}`,
    "run scripts/setup.sh",
  );
}
