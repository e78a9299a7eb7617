/**
 * A denort and the Deno whose `deno compile` goes with it, for tests: out of npm packages that the lock file in `base/` pins.
 * No package is denort, but a program that `deno compile` made begins with one. Owns `build/cache/denort`, and where such a
 * program ends being denort; docs/decisions/denort.md says why it is not that of the Deno that kago is built with.
 */
import { readElf } from "../../scripts/build/elf.ts";
import { cachedDirectory } from "../../scripts/emulated_host/cache.ts";
import { tool } from "../../scripts/emulated_host/command.ts";

/** Files in the packages. */
const DENO = "@deno/linux-x64-glibc/deno";
const PROGRAM = "@semantic-flow/weave-linux-x64/bin/weave";

/** What `deno compile` begins its data with (up to Deno 2.7.14 they follow the last byte of denort). */
const MAGIC = new TextEncoder().encode("d3n0l4nd");

/** Paths of two executables of one version. */
export interface Denort {
  readonly deno: string;
  readonly denort: string;
}

/** Both, in a directory that is kept; the first call downloads about 95 MB. */
export async function prepareDenort(): Promise<Denort> {
  const manifest = await Deno.readTextFile(new URL("base/package.json", import.meta.url));
  const lock = await Deno.readTextFile(new URL("base/deno.lock", import.meta.url));
  const root = await cachedDirectory("denort", [manifest, lock], async (directory) => {
    console.log("fetching a Deno and a program that it compiled (95 MB)");
    await Deno.writeTextFile(`${directory}/package.json`, manifest);
    await Deno.writeTextFile(`${directory}/deno.lock`, lock);
    const [packages, store] = [`${directory}/node_modules`, `${directory}/store`];
    const install = ["install", "--frozen", "--node-modules-dir=auto", "--quiet"];
    await tool(Deno.execPath(), install, { cwd: directory, env: { DENO_DIR: store } });
    await Deno.rename(`${packages}/${DENO}`, `${directory}/deno`);
    const base = cutDenort(await Deno.readFile(`${packages}/${PROGRAM}`));
    await Deno.writeFile(`${directory}/denort`, base, { mode: 0o755 });
    for (const used of [packages, store]) await Deno.remove(used, { recursive: true });
  });
  return { deno: `${root}/deno`, denort: `${root}/denort` };
}

/**
 * What of a program that `deno compile` made is denort: all up to the end of its section headers, which are its last.
 * @throws {Error} when the data of `deno compile` do not follow there.
 */
export function cutDenort(program: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { view } = readElf(program);
  const count = view.getUint16(60, true);
  const end = Number(view.getBigUint64(40, true)) + view.getUint16(58, true) * count;
  if (count === 0 || MAGIC.some((byte, index) => program[end + index] !== byte)) {
    throw new Error(
      "no data of deno compile follow the executable's section headers: it is none that deno compile made, or of a newer Deno than 2.7.14",
    );
  }
  return program.subarray(0, end);
}
