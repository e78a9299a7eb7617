/**
 * Debian's kernel from its package: downloaded and unpacked, never installed. In
 * `build/cache/emulated_host/RELEASE/kernel`: `vmlinux`, and `lib/modules/RELEASE` with a container host's modules.
 */
import { exists } from "../build/output_file.ts";
import { aptSettings, hostRelease, mirrorLines } from "./apt_sources.ts";
import { cachedDirectory } from "./cache.ts";
import { tell, tool, toolText } from "./command.ts";
import { withPackageLists } from "./debian_packages.ts";
import type { Machine } from "./machine.ts";

/** Parts of `lib/modules/RELEASE/kernel`; most others drive hardware that QEMU does not have. */
const MODULE_FOLDERS = [
  ...["arch", "block", "crypto", "fs", "lib", "net", "virt"],
  ...["block", "char", "crypto", "net", "vhost", "virtio"].map((driver) => `drivers/${driver}`),
];
const DRIVERS_LEFT_OUT = ["can", "ethernet", "phy", "usb", "wireless"].map((kind) =>
  `drivers/net/${kind}`
);

/** Packages of a kernel's image, its modules and the module lists. */
const PARTS = /^linux-(base|binary|modules)-\d/;

export interface Kernel {
  /** An image for QEMU's `-kernel`. */
  readonly image: string;
  /** As in `uname -r`. */
  readonly release: string;
  /** The folder above `lib/modules/RELEASE`, for `-d` of modprobe(8). */
  readonly modulesRoot: string;
}

/**
 * The kernel of the Debian `release`, a code name, for `machine`; the first call downloads about 70 MB with apt-get. A
 * cached kernel is never updated.
 */
export async function prepareKernel(machine: Machine, release: string): Promise<Kernel> {
  const inputs = [machine.kernelMetapackage, MODULE_FOLDERS, DRIVERS_LEFT_OUT];
  const name = `emulated_host/${release}/kernel`;
  const root = await cachedDirectory(name, inputs, async (directory) => {
    tell(`fetching the kernel of ${release} (70 to 110 MB)`);
    const archives = await downloadPackages(machine.kernelMetapackage, release, directory);
    await unpack(archives, directory);
    await Promise.all(archives.map((archive) => Deno.remove(archive)));
    const version = await onlyEntry(`${directory}/lib/modules`);
    await tool("depmod", ["-b", directory, version]);
    const images = [`boot/vmlinuz-${version}`, `lib/modules/${version}/vmlinuz`]
      .map((path) => `${directory}/${path}`);
    const image = await exists(images[0]!) ? images[0]! : images[1]!;
    await Deno.writeFile(
      `${directory}/vmlinux`,
      await machine.unpackKernel(await Deno.readFile(image)),
    );
    await Deno.remove(image);
  });
  const version = await onlyEntry(`${root}/lib/modules`);
  return { image: `${root}/vmlinux`, release: version, modulesRoot: root };
}

/**
 * Downloads the kernel package on which `metapackage` of `release` depends, since Debian 14 also those of its image and
 * modules; returns the paths of the .deb files.
 */
async function downloadPackages(
  metapackage: string,
  release: string,
  directory: string,
): Promise<string[]> {
  const download = async (options: readonly string[]) => {
    const dependenciesOf = async (name: string) => {
      const depends = ["depends", "--important", name];
      const lines = await toolText("apt-cache", [...options, ...depends]);
      return [...lines.matchAll(/Depends: (\S+)/g)].map(([, dependency]) => dependency!);
    };
    const image = (await dependenciesOf(metapackage)).find((name) =>
      name.startsWith("linux-image-")
    );
    if (!image) throw new Error(`${metapackage} depends on no kernel package`);
    const parts = (await dependenciesOf(image)).filter((name) => PARTS.test(name));
    const asRoot = ["-o", "APT::Sandbox::User=root"]; // apt's own user cannot write here
    const words = [...options, "download", ...asRoot, image, ...parts];
    await tool("apt-get", words, { cwd: directory });
  };
  if (release === await hostRelease()) await withPackageLists(() => download([]));
  else await withListsOf(release, download);
  return [...Deno.readDirSync(directory)].map(({ name }) => `${directory}/${name}`);
}

/** Calls `action` with options by which apt knows the packages of another release, and no installed ones. */
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

async function unpack(archives: readonly string[], directory: string): Promise<void> {
  // In ./lib up to Debian 12, in ./usr/lib since.
  const modules = "./*lib/modules/*";
  const wanted = [
    "./*/vmlinuz*", // in /boot up to Debian 13, beside the modules since
    `${modules}/modules.*`,
    ...MODULE_FOLDERS.map((folder) => `${modules}/kernel/${folder}`),
  ];
  const unwanted = DRIVERS_LEFT_OUT.map((folder) => `--exclude=${modules}/kernel/${folder}`);
  const rename = "--transform=s,^\\./usr/lib/,./lib/,";
  const pipe =
    'for archive in $0; do dpkg-deb --fsys-tarfile "$archive"; done | tar -x --ignore-zeros --wildcards "$@"';
  const names = archives.map((path) => path.slice(path.lastIndexOf("/") + 1)).join(" ");
  await tool("sh", ["-c", pipe, names, rename, ...unwanted, ...wanted], { cwd: directory });
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
