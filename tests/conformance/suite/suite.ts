/**
 * The OCI's validation suite (github.com/opencontainers/runtime-tools) as programs below `build/cache/conformance`.
 * Owns building them; go.mod pins the version and go.sum the content of every module.
 */
import { cachedDirectory } from "../../../scripts/emulated_host/cache.ts";
import { FLAGS, go } from "../../harness/go_build.ts";

const MODULE = "github.com/opencontainers/runtime-tools";
const HERE = new URL(".", import.meta.url).pathname;

/** The program that the suite runs inside its containers. */
const RUNTIMETEST = "runtimetest";

export interface Suite {
  /** The folder of the programs, of `runtimetest` and of the root filesystem: the programs' working directory. */
  readonly directory: string;
  /** Names of the programs, sorted. */
  readonly programs: readonly string[];
}

/**
 * Builds the suite unless it exists.
 * @throws {HostError} when Go is missing.
 */
export async function prepareSuite(): Promise<Suite> {
  const manifest = await Deno.readTextFile(`${HERE}go.mod`);
  const sums = await Deno.readTextFile(`${HERE}go.sum`);
  const inputs = [Deno.build.arch, FLAGS, manifest, sums];
  const directory = await cachedDirectory("conformance", inputs, build);
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
  const isProgram = (name: string) => name !== RUNTIMETEST && !name.includes(".");
  return { directory, programs: names.filter(isProgram).sort() };
}

async function build(directory: string): Promise<void> {
  const packages = [`${MODULE}/validation/...`, `${MODULE}/cmd/${RUNTIMETEST}`];
  await go(HERE, "build", ...FLAGS, "-o", `${directory}/`, ...packages);
  // Not earlier: a module has no folder before something is built from it.
  const source = await go(HERE, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", MODULE);
  for (const { name } of Deno.readDirSync(source)) {
    if (!name.startsWith("rootfs-")) continue;
    await Deno.copyFile(`${source}/${name}`, `${directory}/${name}`);
  }
}
