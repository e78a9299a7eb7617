/**
 * The components of kago besides its own sources: the packages of both lock files, and those that come with them. A
 * package is in the executable when main.ts imports it; the others are used only in the tests.
 */
import toolsLock from "../tools/package-lock.json" with { type: "json" };
import { HostError } from "../../runtime/common/errors.ts";
import { runCommand } from "../build/command.ts";
import { exists, readIfPresent } from "../build/output_file.ts";
import { ROOT } from "../build/paths.ts";
import { stockDeno } from "../build/stock_deno.ts";
import type { Component } from "./component.ts";

/** For packages that come without the text of their licence. */
const OWNERS: Readonly<Record<string, { readonly copyright: string; readonly text: string }>> = {
  "@deno/linux-x64-glibc": { copyright: "Copyright 2018-2026 the Deno authors", text: "mit.txt" },
  "deno-std": { copyright: "Copyright 2018-2026 the Deno authors", text: "mit.txt" },
  v8: { copyright: "Copyright 2006 the V8 project authors", text: "bsd_3_clause.txt" },
};

/** A package in package-lock.json, as far as needed here. */
interface LockedTool {
  readonly version: string;
  readonly integrity: string;
  readonly license: string;
}

/** Sorted by name. */
export async function listComponents(): Promise<Component[]> {
  const components = [...await npmComponents(), ...await toolComponents(), await musl()];
  return components.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** deno.lock, as far as needed here. */
interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

async function npmComponents(): Promise<Component[]> {
  const imported = await importedPackages();
  const cache = await npmCache();
  const lock: Lock = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.lock`));
  return await Promise.all(
    Object.entries(lock.npm).map(async ([key, { integrity }]): Promise<Component> => {
      const at = key.lastIndexOf("@");
      const [name, version] = [key.slice(0, at), key.slice(at + 1)];
      const folder = await cachedPackage(cache, `${name}/${version}`);
      const { license }: { license?: string } = JSON.parse(
        await Deno.readTextFile(`${folder}/package.json`),
      );
      const isIn = imported.has(key);
      const text = isIn
        ? { text: await readIfPresent(`${folder}/LICENSE`) ?? await owners(name) }
        : {};
      const scope = isIn ? "required" : "excluded";
      const licence = license ?? "NOASSERTION";
      return { name, version, licence, integrity, purl: purlOf(name, version), scope, ...text };
    }),
  );
}

/** Deno, which is most of the executable, and the V8 in it. */
async function toolComponents(): Promise<Component[]> {
  const all = Object.entries(toolsLock.packages).filter(([path]) => path !== "");
  const components = await Promise.all(all.map(async ([path, entry]): Promise<Component> => {
    const { version, integrity, license: licence } = entry as LockedTool;
    const name = path.replace("node_modules/", "");
    const text = await owners(name);
    const purl = purlOf(name, version);
    const scope = "required";
    return { name, version, licence, integrity, purl, scope, text };
  }));
  const v8 = { name: "v8", version: Deno.version.v8, licence: "BSD-3-Clause" } as const;
  return [...components, { ...v8, scope: "required", text: await owners("v8") }];
}

/** The C library of the static programs, from the building machine. */
async function musl(): Promise<Component> {
  const version = await runCommand("dpkg-query", ["-W", "-f", "${Version}", "musl-dev"]);
  const text = await Deno.readTextFile("/usr/share/doc/musl-dev/copyright");
  return { name: "musl", version, licence: "MIT", scope: "required", text };
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

async function owners(name: string): Promise<string> {
  const owner = OWNERS[name];
  if (!owner) throw new Error(`${name} has no file LICENSE; name its owner in components.ts`);
  const text = await Deno.readTextFile(new URL(owner.text, import.meta.url));
  return `${owner.copyright}\n\n${text}`;
}

/** `name@version` of the packages that main.ts imports. */
async function importedPackages(): Promise<ReadonlySet<string>> {
  const { modules }: { modules: readonly { specifier: string }[] } = await denoInfo(
    `${ROOT}/main.ts`,
  );
  const names = modules.map(({ specifier }) => /^npm:\/?((?:@[^/]+\/)?[^/]+)/.exec(specifier)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

/** The folders of packages in Deno's cache, one for each registry. */
async function npmCache(): Promise<string[]> {
  const { npmCache }: { npmCache: string } = await denoInfo();
  return [...Deno.readDirSync(npmCache)].map(({ name }) => `${npmCache}/${name}`).sort();
}

async function denoInfo<T>(...args: string[]): Promise<T> {
  const words = ["info", "--json", "--config", `${ROOT}/deno.json`, ...args];
  return JSON.parse(
    await runCommand(await stockDeno(), words, { cwd: ROOT, env: { DENO_NO_UPDATE_CHECK: "1" } }),
  );
}

async function cachedPackage(cache: readonly string[], path: string): Promise<string> {
  for (const folder of cache) {
    if (await exists(`${folder}/${path}/package.json`)) return `${folder}/${path}`;
  }
  throw new HostError(
    `Deno's cache has no package ${path}, whose licence is to be listed`,
    "run ./scripts/deno install --frozen",
  );
}
