/**
 * Builds what the product carries in machine code, the shim and the static stage, and writes both into
 * ffi/embedded.gen.ts together with the version. Owns the compilers' flags and the lists of sources, not the sources.
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
  /** Relative to the repository's root. */
  readonly sources: readonly string[];
}

const WARNINGS = ["-Wall", "-Wextra", "-Werror"];

/** Loaded into the Deno process with Deno.dlopen. */
const SHIM: Helper = {
  result: `${BUILD}/helpers/shim.so`,
  compiler: "cc",
  flags: ["-O2", ...WARNINGS, "-fPIC", "-shared", "-fvisibility=hidden", "-Wl,-z,relro,-z,now"],
  sources: ["helper-c/shim.c"],
};

/** Executed where no library of the host can be relied on, hence static. */
const STAGE: Helper = {
  result: `${BUILD}/helpers/stage`,
  compiler: "musl-gcc",
  flags: ["-static", "-Os", ...WARNINGS],
  sources: ["helper-c/stage.c"],
};

/** The module that carries the helpers into the bundle; not in git. */
const EMBEDDED = `${ROOT}/ffi/embedded.gen.ts`;

/**
 * Compiles what has changed and brings ffi/embedded.gen.ts up to date.
 * @throws {CommandError} with the compiler's messages, {HostError} when a compiler is not installed.
 */
export async function buildHelpers(): Promise<void> {
  const headers = await findHeaders(`${ROOT}/helper-c`);
  await Promise.all([compile(SHIM, headers), compile(STAGE, headers)]);
  const module = formatEmbedded(
    await readVersion(),
    await Deno.readFile(SHIM.result),
    await Deno.readFile(STAGE.result),
  );
  await writeIfChanged(EMBEDDED, module);
}

/** The text of ffi/embedded.gen.ts; the helpers are told apart by name, each in base64 (RFC 4648, padded). */
export function formatEmbedded(
  version: Version,
  shim: Uint8Array<ArrayBuffer>,
  stage: Uint8Array<ArrayBuffer>,
): string {
  return `// Written by scripts/build/helpers.ts: the helpers in machine code, and what the product calls itself.
export const VERSION = ${JSON.stringify(version.version)};
export const COMMIT = ${JSON.stringify(version.commit)};
export const SHIM_BASE64 = "${shim.toBase64()}";
export const STAGE_BASE64 = "${stage.toBase64()}";
`;
}

async function compile(helper: Helper, headers: readonly string[]): Promise<void> {
  const sources = helper.sources.map((source) => `${ROOT}/${source}`);
  const recipe = [helper.compiler, ...helper.flags];
  await makeIfChanged(helper.result, [...sources, ...headers], recipe, async () => {
    await replaceFile(helper.result, 0o755, async (temporary) => {
      await runCommand(helper.compiler, [...helper.flags, "-o", temporary, ...sources]);
      await runCommand("strip", [temporary]);
    });
  });
}

async function findHeaders(folder: string): Promise<string[]> {
  const headers: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) headers.push(...await findHeaders(path));
    else if (entry.name.endsWith(".h")) headers.push(path);
  }
  return headers.sort();
}
