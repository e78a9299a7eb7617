/** The contents of the segment with which kago starts: the stub with its header filled in, its strings, the programs. */
import { COMMANDS } from "../../runtime/cli/command_table.ts";
import { ENTRY_LOADER_MAX, type Part } from "./entry_header.ts";
import { Image } from "./image.ts";
import type { Launch, ProgramName } from "./launch.ts";
import { leaveOutShim, wrapPart, wrapWhole } from "./program.ts";
import { CREATE, EXEC, MICROVM_WORDS, QUICK } from "./quick.ts";

/** The contents of the binary besides the executable. */
export interface Parts {
  /** The image from buildEntryStub(). */
  readonly stub: Uint8Array<ArrayBuffer>;
  /** The shim, a shared object. */
  readonly shim: Uint8Array<ArrayBuffer>;
  /** The stages' programs, which are inside the shim. */
  readonly stage: Uint8Array<ArrayBuffer>;
  readonly vmm: Uint8Array<ArrayBuffer>;
  /** The bundle with all commands, in ASCII. */
  readonly whole: string;
  /** The bundle with the quick commands only, in ASCII. */
  readonly quick: string;
  /** The bundle with `exec` only, in ASCII. */
  readonly exec: string;
  /** The bundle that creates containers, in ASCII; if necessary, it starts another one. */
  readonly create: string;
  /** The bundle that creates microVMs too, in ASCII. */
  readonly microvm: string;
}

/** Where the segment is, in memory and in the file. */
export interface Place {
  readonly address: number;
  readonly offset: number;
}

/** What the stub must know of the executable. */
export interface Executable {
  /** The path of its dynamic linker. */
  readonly interpreter: string;
  /** The address of its own first instruction. */
  readonly entry: number;
  readonly programHeadersSize: number;
}

export interface EntryImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Space for the copy of the program headers. */
  readonly programHeadersOffset: number;
}

/** @throws {Error} when the loader does not fit in the stub, or the stages are not in the shim. */
export function buildImage(
  place: Place,
  parts: Parts,
  launch: Launch,
  executable: Executable,
): EntryImage {
  const image = new Image(parts.stub);
  const headers = new Uint8Array(executable.programHeadersSize);
  const programHeadersOffset = image.appendAligned(headers, 8).offset;
  const lists = {
    interpreter_offset: image.appendList([executable.interpreter]),
    ...appendCommands(image),
    ...appendLaunch(image, launch),
  };
  const programs = appendPrograms(image, place, parts, launch);
  const shim = image.append(parts.shim);
  const bytes = image.finish({
    image_address: place.address,
    entry_address: executable.entry,
    program_headers_offset: programHeadersOffset,
    ...lists,
    shim,
    stage: partWithin(shim, parts.shim, parts.stage),
    vmm: partWithin(shim, parts.shim, parts.vmm),
    ...programs,
  });
  return { bytes, programHeadersOffset };
}

/** By what the stub chooses the program. */
function appendCommands(image: Image) {
  const others = Object.keys(COMMANDS).filter((name) => {
    return ![QUICK, EXEC, CREATE].some(({ commands }) => commands.includes(name));
  });
  return {
    quick_commands_offset: image.appendList(QUICK.commands),
    exec_commands_offset: image.appendList(EXEC.commands),
    create_commands_offset: image.appendList(CREATE.commands),
    whole_commands_offset: image.appendList(others),
    microvm_words_offset: image.appendList(MICROVM_WORDS),
  };
}

function appendLaunch(image: Image, launch: Launch) {
  const digits = (launch.loader.length - 1) * 20;
  if (launch.loader.join("").length + digits >= ENTRY_LOADER_MAX) {
    throw new Error("the loader is too long");
  }
  return {
    options_offset: image.appendList(launch.options),
    loader_offset: image.appendList(launch.loader),
    variables_offset: image.appendList(launch.variables),
    cache_folders_offset: image.appendList(launch.cacheFolders),
    cached_options_offset: image.appendList(launch.cachedOptions),
  };
}

function appendPrograms(image: Image, place: Place, parts: Parts, launch: Launch) {
  const inFile = ({ offset, size }: Part) => ({ offset: place.offset + offset, size });
  const append = (name: ProgramName, script: string) => ({
    cachedVariables: image.appendList(launch.cachedVariables(name)),
    ...image.append(script),
  });
  const whole = append("whole", wrapWhole(leaveOutShim(parts.whole, parts.shim)));
  const appendPart = (name: Exclude<ProgramName, "whole">, other?: Part) => {
    const bundle = leaveOutShim(parts[name], parts.shim);
    return append(name, wrapPart(bundle, inFile(whole), other && inFile(other)));
  };
  const microvm = appendPart("microvm");
  return {
    create: appendPart("create", microvm),
    microvm,
    whole,
    exec: appendPart("exec"),
    quick: appendPart("quick"),
  };
}

/** The location of `inner`, which is within the bytes of `part`. */
function partWithin(part: Part, bytes: Uint8Array, inner: Uint8Array): Part {
  const isHere = (at: number) => inner.every((byte, index) => bytes[at + index] === byte);
  let at = bytes.indexOf(inner[0]!);
  while (at >= 0 && !isHere(at)) at = bytes.indexOf(inner[0]!, at + 1);
  if (at < 0) throw new Error("the shim does not carry the stages");
  return { offset: part.offset + at, size: inner.byteLength };
}
