/**
 * Debian's kernel out of its package: downloaded and unpacked, never installed. It owns the folders
 * `build/cache/emulated_host/RELEASE/kernel`: `vmlinux`, and `lib/modules/RELEASE` with the modules a host of containers wants.
 */
import { aptSettings, hostRelease, mirrorLines } from "./apt_sources.ts";
import { cachedDirectory } from "./cache.ts";
import { tell, tool, toolText } from "./command.ts";
import { withPackageLists } from "./debian_packages.ts";
import type { Machine } from "./machine.ts";

/** Parts of `lib/modules/RELEASE/kernel`; most of the rest drives hardware that QEMU does not have. */
const MODULE_FOLDERS = [
  ...["arch", "block", "crypto", "fs", "lib", "net", "virt"],
  ...["block", "char", "crypto", "net", "vhost", "virtio"].map((driver) => `drivers/${driver}`),
];
const DRIVERS_LEFT_OUT = ["can", "ethernet", "phy", "usb", "wireless"].map((kind) =>
  `drivers/net/${kind}`
);

export interface Kernel {
  /** An image that QEMU's `-kernel` takes. */
  readonly image: string;
  /** As in `uname -r`. */
  readonly release: string;
  /** The folder above `lib/modules/RELEASE`, as modprobe(8) takes it with `-d`. */
  readonly modulesRoot: string;
}

/**
 * The kernel of the Debian `release`, a code name, for `machine`; the first call downloads about 70 MB with apt-get. A cached
 * kernel is never refreshed.
 */
export async function prepareKernel(machine: Machine, release: string): Promise<Kernel> {
  const inputs = [machine.kernelMetapackage, MODULE_FOLDERS, DRIVERS_LEFT_OUT];
  const name = `emulated_host/${release}/kernel`;
  const root = await cachedDirectory(name, inputs, async (directory) => {
    tell(`fetching the kernel of ${release} (70 to 110 MB)`);
    const archive = await downloadPackage(machine.kernelMetapackage, release, directory);
    await unpack(archive, directory);
    await Deno.remove(archive);
    const version = await onlyEntry(`${directory}/lib/modules`);
    await tool("depmod", ["-b", directory, version]);
    const image = await Deno.readFile(`${directory}/boot/vmlinuz-${version}`);
    await Deno.writeFile(`${directory}/vmlinux`, await machine.unpackKernel(image));
    await Deno.remove(`${directory}/boot`, { recursive: true });
  });
  const version = await onlyEntry(`${root}/lib/modules`);
  return { image: `${root}/vmlinux`, release: version, modulesRoot: root };
}

/** Downloads the kernel package that `metapackage` of `release` depends on; returns the .deb's path. */
async function downloadPackage(
  metapackage: string,
  release: string,
  directory: string,
): Promise<string> {
  const download = async (options: readonly string[]) => {
    const depends = ["depends", "--important", metapackage];
    const dependencies = await toolText("apt-cache", [...options, ...depends]);
    const name = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
    if (!name) throw new Error(`${metapackage} depends on no kernel package:\n${dependencies}`);
    const asRoot = ["-o", "APT::Sandbox::User=root"]; // apt's own user cannot write here
    await tool("apt-get", [...options, "download", ...asRoot, name], { cwd: directory });
  };
  if (release === await hostRelease()) await withPackageLists(() => download([]));
  else await withListsOf(release, download);
  return `${directory}/${await onlyEntry(directory)}`;
}

/** Gives `action` the options with which apt knows the packages of another release, and none that are installed. */
async function withListsOf(
  release: string,
  action: (options: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "kago_apt_" });
  try {
    const settings = [
      `Dir::Etc::SourceList "${folder}/sources.list"; Dir::Etc::SourceParts "-";`,
      `Dir::State "${folder}"; Dir::State::status "/dev/null"; Dir::Cache "${folder}";`,
      await aptSettings(release),
    ];
    await Deno.writeTextFile(`${folder}/apt.conf`, settings.join("\n"));
    await Deno.writeTextFile(
      `${folder}/sources.list`,
      await withPackageLists(() => mirrorLines(release)),
    );
    await Deno.mkdir(`${folder}/lists/partial`, { recursive: true });
    const options = ["-c", `${folder}/apt.conf`];
    await tool("apt-get", [...options, "-q", "update"]);
    await action(options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function unpack(archive: string, directory: string): Promise<void> {
  // In ./lib up to Debian 12, in ./usr/lib since.
  const modules = "./*lib/modules/*";
  const wanted = [
    "./boot/vmlinuz-*",
    `${modules}/modules.*`,
    ...MODULE_FOLDERS.map((folder) => `${modules}/kernel/${folder}`),
  ];
  const unwanted = DRIVERS_LEFT_OUT.map((folder) => `--exclude=${modules}/kernel/${folder}`);
  const rename = "--transform=s,^\\./usr/lib/,./lib/,";
  const pipe = 'dpkg-deb --fsys-tarfile "$0" | tar -x --wildcards "$@"';
  await tool("sh", ["-c", pipe, archive, rename, ...unwanted, ...wanted], { cwd: directory });
}

async function onlyEntry(directory: string): Promise<string> {
  const names = [];
  for await (const entry of Deno.readDir(directory)) names.push(entry.name);
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new Error(`${directory} should hold one entry, has ${names.length}`);
  }
  return name;
}
