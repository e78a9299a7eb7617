/** The initramfs of the emulated host: busybox, `guest/` and the kernel modules for the 9p share. */
import { cachedDirectory } from "./cache.ts";
import { tool, toolText } from "./command.ts";
import type { Kernel } from "./kernel.ts";
import type { Machine } from "./machine.ts";

const BUSYBOX = "/bin/busybox";

/**
 * The path of an uncompressed cpio archive (Linux Documentation/driver-api/early-userspace/buffer-format.rst) for the
 * kernel of `release`.
 */
export async function prepareInitramfs(
  machine: Machine,
  kernel: Kernel,
  release: string,
): Promise<string> {
  const guest = await guestFiles();
  const inputs = [kernel.release, machine.modules, guest];
  const root = await cachedDirectory(
    `emulated_host/${release}/initramfs`,
    inputs,
    async (directory) => {
      const tree = `${directory}/tree`;
      for (const folder of ["bin", "dev", "guest/units", "modules", "proc", "sys"]) {
        await Deno.mkdir(`${tree}/${folder}`, { recursive: true });
      }
      await Deno.copyFile(BUSYBOX, `${tree}/bin/busybox`);
      for (const [name, text] of Object.entries(guest)) {
        await Deno.writeTextFile(`${tree}/guest/${name}`, text);
      }
      await Deno.copyFile(`${tree}/guest/init.sh`, `${tree}/init`);
      await Deno.chmod(`${tree}/init`, 0o755);
      await addModules(machine, kernel, `${tree}/modules`);
      const pack = "find . | cpio --quiet -o -H newc -R 0:0 > ../initramfs.cpio";
      await tool("sh", ["-c", pack], { cwd: tree });
      await Deno.remove(tree, { recursive: true });
    },
  );
  return `${root}/initramfs.cpio`;
}

/** The files of `guest/` and `guest/units/`, by their paths below it. */
async function guestFiles(): Promise<Record<string, string>> {
  const files: [string, string][] = [];
  for (const folder of ["", "units/"]) {
    const directory = new URL(`guest/${folder}`, import.meta.url);
    for await (const { name, isFile } of Deno.readDir(directory)) {
      if (isFile) files.push([folder + name, await Deno.readTextFile(new URL(name, directory))]);
    }
  }
  return Object.fromEntries(files.sort());
}

/** Copies the modules with their dependencies, uncompressed, and lists them in the file `order`. */
async function addModules(machine: Machine, kernel: Kernel, directory: string): Promise<void> {
  const show = ["-d", kernel.modulesRoot, "-S", kernel.release, "--show-depends"];
  const files = new Set<string>();
  for (const module of machine.modules) {
    const lines = (await toolText("modprobe", [...show, module])).split("\n");
    for (const line of lines) {
      const file = /^insmod (\S+)/.exec(line)?.[1]; // the other kind of line is `builtin NAME`
      if (file) files.add(file);
    }
  }
  const order = [];
  for (const file of files) {
    const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.xz$/, "");
    if (file.endsWith(".xz")) {
      await Deno.writeFile(`${directory}/${name}`, await tool("xz", ["-dc", file]));
    } else await Deno.copyFile(file, `${directory}/${name}`);
    order.push(name);
  }
  await Deno.writeTextFile(`${directory}/order`, order.join("\n") + "\n");
}
