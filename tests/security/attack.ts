/**
 * What the attacks have in common: they are made on a plain container and on a microVM (over the double of libkrun), and
 * beside the bundle lie files of the host that must be the same afterwards. Needs root.
 */
import { assertEquals } from "@std/assert";
import { buildLibkrunDouble, type LibkrunDouble } from "../doubles/libkrun/build.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import type { RunResult } from "../harness/run.ts";
import { given } from "../../runtime/common/given.ts";

export type Kind = "process" | "microVM";

export const KINDS: readonly Kind[] = ["process", "microVM"];

/** Files of the host's that the container must not reach: `file` with PRECIOUS in it, and an empty `folder`. */
export interface Victim {
  readonly path: string;
  readonly file: string;
  readonly folder: string;
}

export const PRECIOUS = "precious\n";

export interface Scene {
  readonly kind: Kind;
  readonly kago: Kago;
  /** The root filesystem, to be made hostile before run(). */
  readonly rootfs: string;
  readonly victim: Victim;
  /** Present for a microVM. */
  readonly double?: LibkrunDouble;
  /** `kago run` of the bundle. */
  run(): Promise<RunResult>;
}

/**
 * Registers a test for each kind.
 * @param options the bundle's, given the victim.
 * @param act the attack with its checks; that the victim is unharmed is checked after it.
 */
export function attack(
  name: string,
  options: (victim: Victim) => BundleOptions,
  act: (scene: Scene) => Promise<void>,
  kinds = KINDS,
): void {
  for (const kind of kinds) {
    Deno.test(`${name} (${kind})`, () => onScene(kind, options, act));
  }
}

async function onScene(
  kind: Kind,
  options: (victim: Victim) => BundleOptions,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const victim = await makeVictim();
  using double = kind === "microVM" ? await buildLibkrunDouble() : undefined;
  const bundle = options(victim);
  const annotations = double
    ? { "run.oci.handler": "krun", ...bundle.annotations }
    : bundle.annotations;
  try {
    await Kago.with({ ...bundle, ...given({ annotations }) }, async (kago) => {
      kago.globals.push(...double?.options ?? []);
      const before = await describeTree(victim.path);
      const run = () => kago.foreground();
      const { rootfs } = kago.bundle;
      await act({ kind, kago, rootfs, victim, run, ...given({ double }) });
      assertEquals(await describeTree(victim.path), before, "files of the host were changed");
    });
  } finally {
    await Deno.remove(victim.path, { recursive: true });
  }
}

async function makeVictim(): Promise<Victim> {
  const path = await Deno.makeTempDir({ prefix: "victim_" });
  const victim = { path, file: `${path}/file`, folder: `${path}/folder` };
  await Deno.writeTextFile(victim.file, PRECIOUS);
  await Deno.mkdir(victim.folder);
  // Nobody is kept out by modes: what fails must fail because of the runtime.
  await Deno.chmod(victim.file, 0o666);
  for (const folder of [path, victim.folder]) await Deno.chmod(folder, 0o777);
  return victim;
}

/** A line for everything below the folder: path, kind, mode, owner, links, contents. */
export async function describeTree(path: string): Promise<string[]> {
  const info = await Deno.lstat(path);
  const contents = info.isFile ? await Deno.readTextFile(path) : "";
  const owner = `${info.uid}:${info.gid}`;
  const own = `${path} ${info.mode?.toString(8)} ${owner} ${info.nlink} ${contents}`;
  if (!info.isDirectory) return [own];
  const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  const below = await Promise.all(names.map((name) => describeTree(`${path}/${name}`)));
  return [own, ...below.flat()];
}

/** Puts a symbolic link where the image has something else, or nothing. */
export async function plantLink(target: string, path: string): Promise<void> {
  await removeTree(path);
  await Deno.symlink(target, path);
}

/** Removes whatever is there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** The default bundle's mounts without those at these destinations. */
export function withoutMounts(kago: Kago, ...destinations: string[]): unknown[] {
  const mounts = kago.bundle.config.mounts as { destination: string }[];
  return mounts.filter(({ destination }) => !destinations.includes(destination));
}

/** Replaces members of config.json, after the bundle was made. */
export async function rewriteConfig(kago: Kago, changes: Record<string, unknown>): Promise<void> {
  const config = { ...kago.bundle.config, ...changes };
  await Deno.writeTextFile(`${kago.bundle.path}/config.json`, JSON.stringify(config));
}
