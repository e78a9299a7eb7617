/**
 * Builds doubles of libkrun and libkrunfw: shared objects that stand in for them on a host without KVM. What they do is
 * in libkrun.c; this module owns their files and names.
 */
import { given } from "../../../runtime/common/given.ts";
import { type Flavour, functionsOf, type LibkrunVersion } from "./versions.ts";

const sources = (...names: readonly string[]) =>
  names.map((name) => new URL(name, import.meta.url).pathname);

const GUEST = sources(
  ...["recorded.c", "made_guest.c", "guest.c", "plan_guest.c", "vsock.c", "take_over.c"],
  "../../../helper-c/common/plan.c",
);

export interface DoubleOptions {
  /** 2 builds a libkrun.so.2 with a libkrun_init.so.0; "early 2" what kago must refuse, as libkrun.so.2; default 1. */
  readonly abi?: 1 | 2 | "early 2";
  /** Of a libkrun 2: is the library of the guest's init beside it? Default true. */
  readonly init?: boolean;
  /** Of a libkrun 2: what calls say that shall fail. */
  readonly vcpusError?: string;
  readonly buildError?: string;
  readonly applyError?: string;
  /** Of a libkrun 2: was it built with the feature blk, and with functions for C? Both true by default. */
  readonly blk?: boolean;
  readonly c?: boolean;
  /** Is a libkrunfw made beside it? Default true. */
  readonly firmware?: boolean;
  /** Results, -errno, of calls that shall fail. */
  readonly createContext?: number;
  readonly setVmConfig?: number;
  readonly startEnter?: number;
  /** Which flavour's file name it gets; default the ordinary one's. */
  readonly variant?: Flavour;
  /** A libkrun whose functions it has, of those that kago calls, and no other; default all of 1.18. */
  readonly version?: LibkrunVersion;
  /** Has it the functions that not every libkrun has? Default true. */
  readonly extras?: boolean;
  /** What it says of every feature, -22 for "I do not know"; default 1. */
  readonly hasFeature?: number;
  /** Does it look as if its guest init were the one in C? Default false. */
  readonly initInC?: boolean;
  /** Does it need a library that the dynamic linker does not know, in the folder `needed` beside it? Default false. */
  readonly needs?: boolean;
  /** Is there no guest, but a VMM that does what `/attack` names? Default false. */
  readonly takenOver?: boolean;
}

export interface RecordedCall {
  readonly call: string;
  readonly args: readonly (number | string)[];
}

/**
 * Where root alone can write all the way down, for kago takes no library from elsewhere; an ordinary user has no such place,
 * and only LD_LIBRARY_PATH.
 */
const PARENT = Deno.uid() === 0 ? "/usr/local/lib" : undefined;

/** A double in a folder of its own, for `--libkrun` or LD_LIBRARY_PATH. */
export class LibkrunDouble {
  constructor(readonly dir: string, readonly path: string, private readonly record: string) {}

  /** The options before the command with which kago takes it. */
  get options(): readonly string[] {
    return ["--libkrun", this.path];
  }

  /** What has been called so far, in all processes. */
  calls(): RecordedCall[] {
    const lines = Deno.readTextFileSync(this.record).split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.dir, { recursive: true });
  }
}

/** Compiles a double; dispose it to remove its files. The real file names carry the version, `ABI.99.0` without one. */
export async function buildLibkrunDouble(options: DoubleOptions = {}): Promise<LibkrunDouble> {
  const abi = options.abi === undefined ? 1 : Number(`${options.abi}`.replace("early ", ""));
  const dir = await Deno.makeTempDir({ ...given({ dir: PARENT }), prefix: "libkrun_double_" });
  const record = `${dir}/calls.jsonl`;
  await Deno.writeTextFile(record, "");
  // A VMM that runs as another user finds them too.
  await Deno.chmod(dir, 0o755);
  await Deno.chmod(record, 0o666);
  const exported = options.version ? await linkedFunctions(options, dir) : [];
  const soname = `libkrun${options.variant ? `-${options.variant}` : ""}.so.${abi}`;
  const needed = options.needs ? await compileNeeded(`${dir}/needed`) : [];
  await compile(
    [
      ...defines(options, record, dir),
      ...sources(options.abi === 2 ? "libkrun_2.c" : "libkrun.c"),
      ...GUEST,
      ...needed,
      ...exported,
      ...(options.abi === 2 ? await onlyInterface(dir) : []),
    ],
    dir,
    soname,
    options.version ?? `${abi}.99.0`,
  );
  if (options.abi === 2 && (options.init ?? true)) {
    const init = sources("libkrun_init.c", "recorded.c");
    await compile([...defines(options, record, dir), ...init], dir, "libkrun_init.so.0", "0.99.0");
  }
  if (options.firmware ?? true) {
    await compile(["-x", "c", "/dev/null"], dir, "libkrunfw.so.5", "5.99.0");
  }
  return new LibkrunDouble(dir, `${dir}/${soname}`, record);
}

/** @returns what the linker is told of the functions that the version has. */
async function linkedFunctions(
  { version, variant }: DoubleOptions,
  dir: string,
): Promise<string[]> {
  const names = functionsOf(version!, variant).map((name) => `${name};`).join(" ");
  await Deno.writeTextFile(`${dir}/exports.map`, `{ global: ${names} local: *; };\n`);
  return [`-Wl,--version-script=${dir}/exports.map`];
}

/** A version of libkrun 2 has no other symbols than these. */
async function onlyInterface(dir: string): Promise<string[]> {
  await Deno.writeTextFile(`${dir}/exports.map`, "{ global: krun_*; local: *; };\n");
  return [`-Wl,--version-script=${dir}/exports.map`];
}

/** @returns what the linker is told of it. */
async function compileNeeded(folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { mode: 0o755 });
  await compile(["-x", "c", "/dev/null"], folder, "libkago_needed.so.0", "0.1");
  // By the name that it has where kago looks, which is not the one that it is asked for by.
  await Deno.rename(`${folder}/libkago_needed.so.0.1`, `${folder}/01-libkago_needed.so.0`);
  await Deno.remove(`${folder}/libkago_needed.so.0`);
  return ["-Wl,--no-as-needed", `${folder}/01-libkago_needed.so.0`];
}

function defines(options: DoubleOptions, record: string, dir: string): string[] {
  const results = {
    CREATE_RESULT: options.createContext,
    VM_CONFIG_RESULT: options.setVmConfig,
    START_RESULT: options.startEnter,
    FEATURE_RESULT: options.hasFeature,
  };
  const texts = {
    VCPUS_ERROR: options.vcpusError,
    BUILD_ERROR: options.buildError,
    APPLY_ERROR: options.applyError,
  };
  return [
    `-DRECORD=${JSON.stringify(record)}`,
    `-DFOLDER=${JSON.stringify(dir)}`,
    ...(options.abi === "early 2" ? ["-DEARLY_2"] : []),
    ...(options.blk === false ? ["-DWITHOUT_BLK"] : []),
    ...(options.c === false ? ["-DWITHOUT_C"] : []),
    ...(options.extras === false ? ["-DWITHOUT_EXTRAS"] : []),
    ...(options.takenOver ? ["-DTAKEN_OVER"] : []),
    ...(options.initInC ? ["-DINIT_IN_C"] : []),
    ...Object.entries(results).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `-D${name}=${value}`),
    ...Object.entries(texts).filter(([, text]) => text !== undefined)
      .map(([name, text]) => `-D${name}=${JSON.stringify(text)}`),
  ];
}

/** As a distribution installs it: the file under its version, the soname a link to it. */
async function compile(
  args: readonly string[],
  dir: string,
  soname: string,
  version: string,
): Promise<void> {
  const file = `${soname.slice(0, soname.lastIndexOf("."))}.${version}`;
  const flags = [
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-fPIC",
    "-shared",
  ];
  const output = await new Deno.Command("cc", {
    args: [...flags, `-Wl,-soname,${soname}`, "-o", `${dir}/${file}`, ...args],
    stderr: "piped",
  }).output();
  if (!output.success) throw new Error(new TextDecoder().decode(output.stderr));
  await Deno.symlink(file, `${dir}/${soname}`);
}
