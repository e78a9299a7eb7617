/**
 * The files that microVMs need from a host, for hosts without packages of them: libkrun, its firmware, passt, and the
 * libraries that libkrun needs except glibc's. All come from the building machine; kago searches for them below
 * lib/kago (runtime/own_files.ts).
 */
import { HostError } from "../../runtime/common/errors.ts";
import { MAX_LOADED_BEFORE } from "../../runtime/plan/op.ts";
import { CommandError, runCommand } from "../build/command.ts";
import { exists } from "../build/output_file.ts";
import { ROOT } from "../build/paths.ts";
import type { Component } from "./component.ts";
import { copyFile } from "./copy_file.ts";
import { neededLibraries, soNames } from "./needed.ts";

/** Licences of files without a package, and where the texts are; libkrunfw contains a Linux kernel. */
const LICENCES: Readonly<Record<string, { readonly licence: string; readonly texts: string[] }>> = {
  libkrun: { licence: "Apache-2.0", texts: [`${ROOT}/LICENSE`] },
  libkrunfw: {
    licence: "LGPL-2.1-only AND GPL-2.0-only",
    texts: ["LGPL-2.1", "GPL-2"].map((name) => `/usr/share/common-licenses/${name}`),
  },
};

/** Apart from these, kago loads a firmware, which has one of two names. */
const MAX_NEEDED = MAX_LOADED_BEFORE - 2;

/**
 * Copies them into `folder`, and returns their components.
 * @param given a folder with libkrun.so.1, libkrunfw.so.5, and optionally passt and libraries that libkrun needs.
 * @throws {HostError} for what is missing or cannot be included.
 */
export async function addOwnFiles(folder: string, given: string): Promise<Component[]> {
  await Deno.mkdir(`${folder}/needed`, { recursive: true });
  const own: Component[] = [];
  for (const [name, soName] of [["libkrun", "libkrun.so.1"], ["libkrunfw", "libkrunfw.so.5"]]) {
    const file = await realFile(`${given}/${soName}`, given);
    const target = file.slice(file.lastIndexOf("/") + 1);
    await copyFile(file, `${folder}/${target}`, 0o755);
    if (target !== soName) await Deno.symlink(target, `${folder}/${soName}`);
    own.push(await componentOf(file, name!, target.split(".so.")[1]!));
  }
  const needed = await neededLibraries(`${given}/libkrun.so.1`, given);
  if (needed.length > MAX_NEEDED) {
    throw new HostError(
      `this libkrun needs ${needed.length} libraries, and kago loads no more than ${MAX_NEEDED}`,
      "take one that was built with fewer features",
    );
  }
  for (const [index, { soName, file }] of needed.entries()) {
    const number = String(index + 1).padStart(2, "0");
    await copyFile(file, `${folder}/needed/${number}-${soName}`, 0o755);
    own.push(await componentOf(file, soName, soName.split(".so.")[1]!));
  }
  return [...own, await addPasst(folder, given)];
}

/** A program finds its libraries by itself, so it may need none but glibc's. */
async function addPasst(folder: string, given: string): Promise<Component> {
  const file = await Deno.realPath(await findPasst(given));
  const needed = await soNames(file);
  if (needed.length > 0) {
    throw new HostError(`${file} needs ${needed}`, "take a passt that needs nothing but glibc");
  }
  await copyFile(file, `${folder}/passt`, 0o755);
  return await componentOf(file, "passt", "unknown");
}

async function findPasst(given: string): Promise<string> {
  if (await exists(`${given}/passt`)) return `${given}/passt`;
  try {
    return (await runCommand("sh", ["-c", "command -v passt"])).trim();
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    throw new HostError("there is no passt", `install it, or put it into ${given}`, { cause });
  }
}

async function realFile(path: string, given: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    const remedy = `--with-libkrun takes a directory with libkrun.so.1 and libkrunfw.so.5`;
    throw new HostError(`${given} has no ${path.slice(given.length + 1)}`, remedy, { cause });
  }
}

/** For a Debian package its version and copyright file; otherwise what is known about it. */
async function componentOf(file: string, name: string, version: string): Promise<Component> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
  const integrity = `sha256-${new Uint8Array(digest).toBase64()}`;
  const packaged = await packageOf(file);
  if (packaged) {
    const [package_, its] = packaged;
    const text = await Deno.readTextFile(`/usr/share/doc/${package_}/copyright`);
    const licence = `LicenseRef-Debian-${package_}`;
    return { name, version: its, licence, integrity, scope: "required", text };
  }
  const { licence, texts } = LICENCES[name] ?? { licence: "NOASSERTION", texts: [] };
  const text = (await Promise.all(texts.map((path) => Deno.readTextFile(path)))).join("\n\n");
  return { name, version, licence, integrity, scope: "required", ...(text ? { text } : {}) };
}

/** The package that owns a file, and its version; packages may list it under the path from before /lib was a link. */
async function packageOf(file: string): Promise<readonly [string, string] | undefined> {
  for (const path of [file, file.replace(/^\/usr\/lib/, "/lib")]) {
    try {
      const name = (await runCommand("dpkg-query", ["-S", path])).split(":")[0]!;
      const versions = await runCommand("dpkg-query", ["-W", "-f", "${Version}\n", name]);
      return [name, versions.split("\n")[0]!];
    } catch (error) {
      // No package owns it.
      if (!(error instanceof CommandError)) throw error;
    }
  }
  return undefined;
}
