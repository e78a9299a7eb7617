/**
 * The packer that uses `deno compile`: it makes a program of the loader alone, with options for V8, and adds the entry stub
 * and kago's programs to the result. Checks that the product starts.
 */
import { HostError } from "../../runtime/common/errors.ts";
import { CommandError, runCommand } from "./command.ts";
import type { DenortEnvironment } from "./denort.ts";
import { LOADER_PLACE } from "./entry_header.ts";
import type { Parts } from "./entry_image.ts";
import { addEntry } from "./entry_segment.ts";
import {
  CACHE_FOLDER,
  CACHE_FOLDERS,
  DENO_DIR,
  type Launch,
  NO_FOLDER,
  type ProgramName,
  PROGRAMS,
  VARIABLES,
} from "./launch.ts";
import { replaceFile, writePieces } from "./output_file.ts";
import { compiledModule, digestOf, emptyProgram, VARIABLE_LOADER } from "./program.ts";
import { DENO_VERSION, stockDeno } from "./stock_deno.ts";

/** Milliseconds for the download of the base: a network that drops packets must not block the build. */
const DOWNLOAD_TIMEOUT = 120_000;

/** Milliseconds for the start of the result, which takes 0.2 s. */
const START_TIMEOUT = 30_000;

/**
 * Deno's arguments to compile the loader, `module`, into `output`; it needs no other. As in npm_pack.ts there is no JIT. But
 * functions are compiled only when they are called: denort takes V8's options from its program alone, so those who have no
 * cache would compile all functions at every start, and so would a partial program that starts the whole one.
 */
export function compileArguments(output: string, module: string): string[] {
  return [
    "compile",
    "-A",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--v8-flags=--jitless",
    "--output",
    output,
    module,
  ];
}

/**
 * denort has one file of bytecode, in the folder for temporary files, and stores there what its first run compiles first. So
 * each program has a folder of its own. Without a cache it is one that cannot exist: in /tmp, another user could write the
 * file.
 */
const temporary = (folder: string) => `TMPDIR=${folder}`;
const folderOf = (program: ProgramName) => `${CACHE_FOLDER}/${program}`;

const LAUNCH: Launch = {
  options: ["kago"],
  variables: [...VARIABLES, DENO_DIR.none, temporary(NO_FOLDER), LOADER_PLACE],
  loader: VARIABLE_LOADER,
  cachedOptions: ["kago"],
  cachedVariables: (program) => [
    ...VARIABLES,
    DENO_DIR.cached,
    temporary(folderOf(program)),
    LOADER_PLACE,
  ],
  cacheFolders: [...CACHE_FOLDERS, ...PROGRAMS.map(folderOf)],
};

/**
 * Packs the parts into `output`; Deno may download the base for it.
 * @param env added to the environment.
 * @param deno the executable that compiles; by default the pinned one.
 * @throws {CommandError} when it fails, {HostError} when its result does not start.
 */
export async function packWithCompile(
  parts: Parts,
  output: string,
  env: DenortEnvironment,
  deno?: string,
): Promise<void> {
  const compiler = deno ?? await stockDeno();
  const module = compiledModule(digestOf(Object.values(parts)));
  await replaceFile(output, 0o755, async (program) => {
    // deno compile overwrites only files that look like its own results.
    await Deno.remove(program);
    await runCommand(compiler, compileArguments(program, module), {
      env: { ...env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      timeout: DOWNLOAD_TIMEOUT,
    });
    // By itself, because the stub silences denort's log, which would say what is wrong.
    await checkStarts(program, env, { ...emptyProgram(), TMPDIR: NO_FOLDER });
    await writePieces(program, addEntryToCompiled(await Deno.readFile(program), parts));
    await checkStarts(program, env);
  });
}

/**
 * Adds the entry stub to a program that `deno compile` made, in pieces to be written one after the other. A denort up to
 * 2.7.14 looks for its data at the end of the file, so they stay there; a newer one has them in a segment.
 */
export function addEntryToCompiled(
  compiled: Uint8Array<ArrayBuffer>,
  parts: Parts,
): Uint8Array<ArrayBuffer>[] {
  const end = compiled.byteLength - trailingData(compiled);
  return [...addEntry(compiled.subarray(0, end), parts, LAUNCH), compiled.subarray(end)];
}

/** What data at the end of the file begin with. They end with a trailer of 16 bytes: a number, a hash, the data's size. */
const DATA_MAGIC = "d3n0l4nd";
const TRAILER = { magic: 0x501e, size: 16 } as const;

/** How many bytes at the end of a compiled program are its data; 0 when they are in a segment. */
function trailingData(compiled: Uint8Array<ArrayBuffer>): number {
  const { buffer, byteOffset, byteLength } = compiled;
  const trailer = new DataView(buffer, byteOffset + byteLength - TRAILER.size);
  if (trailer.getUint32(0, true) !== TRAILER.magic) return 0;
  const size = Number(trailer.getBigUint64(8, true));
  const first = compiled.subarray(-size).subarray(0, DATA_MAGIC.length);
  return new TextDecoder().decode(first) === DATA_MAGIC ? size : 0;
}

/**
 * deno compile accepts any executable as denort, and each version of Deno has its own format of the program in it.
 * @param variables of the program's environment.
 * @throws {HostError} when the program does not start.
 */
async function checkStarts(
  program: string,
  env: DenortEnvironment,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    await runCommand(program, ["--version"], {
      env: { NO_COLOR: "1", ...variables },
      timeout: START_TIMEOUT,
    });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const base = env.DENORT_BIN ? `DENORT_BIN, ${env.DENORT_BIN},` : "denort in Deno's cache";
    throw new HostError(
      `what deno compile made of ${base} does not start: ${firstLine(cause.output)}`,
      `give it the denort of Deno ${DENO_VERSION}`,
      { cause },
    );
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.replace(/\.$/, "") || "it says nothing";
}
