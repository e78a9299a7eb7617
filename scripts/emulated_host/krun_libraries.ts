/**
 * libkrun and libkrunfw for the tests, out of npm packages that are pinned by the lock file in `krun/`. It owns the
 * folder `build/cache/krun`; the libraries are never committed and never shipped.
 */
import { cachedDirectory } from "./cache.ts";
import { tool } from "./command.ts";
import type { Machine } from "./machine.ts";

/** The path of a folder that holds the libraries under their sonames; the first call downloads about 50 MB. */
export async function prepareKrunLibraries(machine: Machine): Promise<string> {
  const manifest = await Deno.readTextFile(new URL("krun/package.json", import.meta.url));
  const lock = await Deno.readTextFile(new URL("krun/package-lock.json", import.meta.url));
  const inputs = [machine.libraries, manifest, lock];
  const root = await cachedDirectory("krun", inputs, async (directory) => {
    await Deno.writeTextFile(`${directory}/package.json`, manifest);
    await Deno.writeTextFile(`${directory}/package-lock.json`, lock);
    await tool("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
    await Deno.mkdir(`${directory}/lib`);
    for (const { file, soname } of machine.libraries) {
      await Deno.rename(`${directory}/node_modules/${file}`, `${directory}/lib/${soname}`);
    }
    await Deno.remove(`${directory}/node_modules`, { recursive: true });
  });
  return `${root}/lib`;
}
