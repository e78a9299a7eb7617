/**
 * libkrun and libkrunfw for the tests, from npm packages that are pinned by the lock file in `krun/`, in
 * `build/cache/krun`; the libraries are never committed and never shipped.
 */
import { cachedDirectory } from "./cache.ts";
import { tell, tool } from "./command.ts";
import type { Machine } from "./machine.ts";

/** The path of a folder with the libraries under their sonames; the first call downloads about 50 MB. */
export async function prepareKrunLibraries(machine: Machine): Promise<string> {
  const manifest = await Deno.readTextFile(new URL("krun/package.json", import.meta.url));
  const lock = await Deno.readTextFile(new URL("krun/deno.lock", import.meta.url));
  const inputs = [machine.libraries, manifest, lock];
  const root = await cachedDirectory("krun", inputs, async (directory) => {
    tell("fetching libkrun and libkrunfw (50 MB)");
    await Deno.writeTextFile(`${directory}/package.json`, manifest);
    await Deno.writeTextFile(`${directory}/deno.lock`, lock);
    // A separate store: the large files are linked from it.
    const store = `${directory}/store`;
    const install = ["install", "--frozen", "--node-modules-dir=auto", "--quiet"];
    await tool(Deno.execPath(), install, { cwd: directory, env: { DENO_DIR: store } });
    await Deno.mkdir(`${directory}/lib`);
    for (const { file, soname } of machine.libraries) {
      await Deno.rename(`${directory}/node_modules/${file}`, `${directory}/lib/${soname}`);
    }
    for (const used of [`${directory}/node_modules`, store]) {
      await Deno.remove(used, { recursive: true });
    }
  });
  return `${root}/lib`;
}
