/**
 * Builds the product's machine code: the shim, and inside it the static stage and the VMM's program, which contains the
 * guest agent. Writes the shim and the version into ffi/embedded.gen.ts. Defines the compilers' flags and the sources of
 * each program.
 */
import { runCommand } from "./command.ts";
import { replaceFile, writeIfChanged } from "./output_file.ts";
import { BUILD, ROOT } from "./paths.ts";
import { makeIfChanged } from "./stamp.ts";
import { readVersion, type Version } from "./version.ts";

interface Helper {
  readonly result: string;
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Files that it contains. */
  readonly embeds?: readonly string[];
  /** Folders of helper-c, including subfolders. */
  readonly folders: readonly string[];
  /** Files in them that are left out. */
  readonly without?: readonly string[];
}

const COMMON = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"];

/** A program that links to the build's glibc must run with the glibc of any release since this one. */
const OLDEST_GLIBC = 34; // 2.34, of August 2021
const WITH_GLIBC = ["-include", `${ROOT}/helper-c/common/any_glibc.h`];

/** The sources of all host programs, except the stage's main(). */
const SHARED = ["common", "session", "stage"];
const STAGE_MAIN = "stage/main.c";

/** Static, because it runs where no library of the host can be relied on. */
const STAGE: Helper = {
  result: `${BUILD}/helpers/stage`,
  compiler: "musl-gcc",
  flags: [...COMMON, "-Os", "-static"],
  folders: SHARED,
};

/** The first program in a microVM: as small as possible, with only the operations that a guest needs. */
const AGENT: Helper = {
  result: `${BUILD}/helpers/agent`,
  compiler: "musl-gcc",
  flags: [
    ...COMMON,
    "-Os",
    "-static",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,-z,noseparate-code",
  ],
  folders: [...SHARED, "agent"],
  without: [STAGE_MAIN, "stage/operations.c"],
};

/** The program that the Init of a microVM executes. It loads libkrun, so it cannot be static. */
const VMM: Helper = {
  result: `${BUILD}/helpers/vmm`,
  /** The agent (agent_image.c). */
  embeds: [AGENT.result],
  compiler: "cc",
  flags: [
    ...COMMON,
    ...WITH_GLIBC,
    "-O2",
    "-fPIE",
    "-pie",
    "-ffunction-sections",
    "-fdata-sections",
    "-Wl,--gc-sections",
    "-Wl,-z,relro,-z,now",
    "-pthread",
    `-DAGENT_FILE="${AGENT.result}"`,
  ],
  folders: [...SHARED, "vmm"],
  without: [STAGE_MAIN],
};

/** Loaded into the Deno process with Deno.dlopen. */
const SHIM: Helper = {
  result: `${BUILD}/helpers/shim.so`,
  /** The programs (stage_image.c, vmm_image.c). */
  embeds: [STAGE.result, VMM.result],
  compiler: "cc",
  flags: [
    ...COMMON,
    ...WITH_GLIBC,
    "-O2",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-Wl,-z,defs",
    "-Wl,-z,relro,-z,now",
    `-DSTAGE_FILE="${STAGE.result}"`,
    `-DVMM_FILE="${VMM.result}"`,
  ],
  folders: [...SHARED, "shim"],
  without: [STAGE_MAIN],
};

const SOURCES = `${ROOT}/helper-c`;

/** The module with the embedded helpers; not in git. */
const EMBEDDED = `${ROOT}/ffi/embedded.gen.ts`;

export interface HelperPaths {
  readonly shim: string;
  readonly stage: string;
  readonly vmm: string;
}

/**
 * Compiles what has changed and updates ffi/embedded.gen.ts.
 * @returns the paths of the shim, and of the stages' programs inside it.
 * @throws {CommandError} with the compiler's messages, {HostError} when a compiler is not installed.
 */
export async function buildHelpers(): Promise<HelperPaths> {
  const files = listSources();
  await compile(STAGE, files);
  await compile(AGENT, files);
  await compile(VMM, files);
  await compile(SHIM, files);
  const module = formatEmbedded(await readVersion(), await Deno.readFile(SHIM.result));
  await writeIfChanged(EMBEDDED, module);
  return { shim: SHIM.result, stage: STAGE.result, vmm: VMM.result };
}

/** The text of ffi/embedded.gen.ts; the shim is in base64 (RFC 4648, padded). */
export function formatEmbedded(
  version: Version,
  shim: Uint8Array<ArrayBuffer>,
): string {
  return `// Written by scripts/build/helpers.ts: the shim in machine code, and what the product calls itself.
export const VERSION = ${JSON.stringify(version.version)};
export const COMMIT = ${JSON.stringify(version.commit)};
export const COMMIT_DATE = ${JSON.stringify(version.date)};
export const SHIM_BASE64 = "${shim.toBase64()}";
`;
}

async function compile(helper: Helper, files: readonly string[]): Promise<void> {
  const { folders, without = [] } = helper;
  const isOurs = (name: string) =>
    folders.some((folder) => name.startsWith(`${folder}/`)) && !without.includes(name);
  const sources = files.filter((name) => name.endsWith(".c") && isOurs(name))
    .map((name) => `${SOURCES}/${name}`);
  const headers = files.filter((name) => name.endsWith(".h")).map((name) => `${SOURCES}/${name}`);
  const recipe = [helper.compiler, ...helper.flags];
  const inputs = [...sources, ...headers, ...helper.embeds ?? []];
  await makeIfChanged(helper.result, inputs, recipe, async () => {
    await replaceFile(helper.result, 0o755, async (temporary) => {
      await runCommand(helper.compiler, [...helper.flags, "-o", temporary, ...sources]);
      await runCommand("strip", [temporary]);
      if (helper.compiler === "cc") await requireOldGlibc(temporary);
    });
  });
}

/** @throws {Error} when a program needs glibc symbols that OLDEST_GLIBC does not have. */
async function requireOldGlibc(program: string): Promise<void> {
  const symbols = await runCommand("objdump", ["-T", program]);
  const newer = [...symbols.matchAll(/\(GLIBC_2\.(\d+)[\d.]*\)\s+(\w+)/g)]
    .filter(([, minor]) => Number(minor) > OLDEST_GLIBC).map(([, , name]) => name);
  if (newer.length === 0) return;
  throw new Error(`the helpers would not run with glibc 2.${OLDEST_GLIBC}, for they call ${newer}`);
}

/** Folders of helper-c that do not belong to these programs. */
const OTHERS: ReadonlySet<string> = new Set(["entry", "fuzz", "tests"]);

/** The names below helper-c of the programs' C files and headers, sorted. */
export function listSources(folder = ""): readonly string[] {
  return [...Deno.readDirSync(`${SOURCES}/${folder}`)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}${name}`;
    if (isDirectory) return OTHERS.has(path) ? [] : listSources(`${path}/`);
    return /\.[ch]$/.test(name) ? [path] : [];
  }).sort();
}
