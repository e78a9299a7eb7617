/** Packs the bundles into the single binary: chooses between the two packers and writes the result. */
import { CommandError } from "./command.ts";
import { packWithCompile } from "./compile_pack.ts";
import { type DenortEnvironment, findDenort } from "./denort.ts";
import type { Parts } from "./entry_image.ts";
import { buildEntryStub } from "./entry_stub.ts";
import { packWithNpm } from "./npm_pack.ts";
import { replaceFile, writePieces } from "./output_file.ts";
import { stockDeno } from "./stock_deno.ts";

/** `auto` uses deno compile if its base is available. */
export const PACKERS = ["auto", "compile", "npm"] as const;
export type Packer = (typeof PACKERS)[number];

/** Paths of the bundle with all commands, of the partial ones (quick.ts), of the shim and the stages' programs in it. */
export interface PartPaths {
  readonly whole: string;
  readonly quick: string;
  readonly exec: string;
  readonly create: string;
  readonly microvm: string;
  readonly shim: string;
  readonly stage: string;
  readonly vmm: string;
}

export interface PackRequest extends PartPaths {
  readonly packer: Packer;
  /** Are downloads forbidden? */
  readonly offline: boolean;
  /** Where to look for the base of deno compile. */
  readonly env: DenortEnvironment;
  /** The path of the result. */
  readonly output: string;
}

/**
 * Writes the binary.
 * @returns the packer that made it.
 * @throws {CommandError} or {Error} when the chosen packer fails; with `auto`, when the npm-only one fails.
 */
export async function pack(request: PackRequest): Promise<"compile" | "npm"> {
  if (request.packer !== "npm" && await tryCompile(request)) return "compile";
  await writeNpmPacked(request);
  return "npm";
}

async function tryCompile(request: PackRequest): Promise<boolean> {
  const source = await findDenort(request.env);
  if (source === "download" && request.offline) {
    if (request.packer === "auto") return false;
    throw new Error("deno compile has no denort on this machine, and offline it gets none");
  }
  try {
    await packWithCompile(await readParts(request), request.output, request.env);
    return true;
  } catch (error) {
    // An existing base must work; the other packer is for a base that cannot be downloaded.
    if (request.packer !== "auto" || source !== "download" || !(error instanceof CommandError)) {
      throw error;
    }
    console.error("denort cannot be downloaded, so the stock deno executable is packed instead");
    return false;
  }
}

async function writeNpmPacked(request: PackRequest): Promise<void> {
  const pieces = packWithNpm(await Deno.readFile(await stockDeno()), await readParts(request));
  await replaceFile(request.output, 0o755, (temporary) => writePieces(temporary, pieces));
}

/** Reads the contents of the binary besides the executable. */
export async function readParts(paths: PartPaths): Promise<Parts> {
  return {
    stub: await buildEntryStub(),
    shim: await Deno.readFile(paths.shim),
    stage: await Deno.readFile(paths.stage),
    vmm: await Deno.readFile(paths.vmm),
    whole: await Deno.readTextFile(paths.whole),
    quick: await Deno.readTextFile(paths.quick),
    exec: await Deno.readTextFile(paths.exec),
    create: await Deno.readTextFile(paths.create),
    microvm: await Deno.readTextFile(paths.microvm),
  };
}
