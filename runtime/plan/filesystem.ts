/**
 * The operation that makes a new filesystem. fsconfig(2) takes values of at most 255 bytes, and an overlay's layers may
 * need more; mount(2) takes a page of options. So mount(2) mounts filesystems with a long value, fsopen(2) all others.
 */
import { describeErrno, SpecError } from "../common/errors.ts";
import { quoted } from "../common/quoted.ts";
import { type Op, SUPERBLOCK_FLAGS, TAKES } from "./op.ts";

/** Maximum bytes of a source, or of an option's value, for fsconfig(2). */
const MAX_VALUE = 255;
/** Maximum bytes of all options for mount(2): a page, including the final NUL. */
export const MAX_DATA = 4095;

const E2BIG = 7;

type ByOptions = Op & { readonly op: "mount" };

/** A filesystem as for `mount`; its values may be too long for fsconfig(2). */
export interface Filesystem extends Omit<ByOptions, "op" | "takes" | "from"> {
  /** Is the content of the covered folder copied into it? */
  readonly copyUp: boolean;
  readonly from: string;
}

/**
 * The operation for a new filesystem.
 * @throws {SpecError} for options that are too long for both system calls.
 */
export function filesystemOp(
  { fstype, source, target, options, copyUp, ...others }: Filesystem,
): Op {
  const filesystem = { fstype, source, target };
  const rest = { ...others, takes: takesOf(fstype, options, copyUp) };
  const isLong = [source, ...options.map(valueOf)].some((value) => byteLength(value) > MAX_VALUE);
  if (!isLong) return { op: "mount", ...filesystem, options, ...rest };
  const data = options.filter((option) => flagOf(option) === 0).map(inData).join(",");
  if (byteLength(data) > MAX_DATA) {
    throw new SpecError(rest.from, `${cannotBeMounted(filesystem)}: ${describeErrno(E2BIG)}`);
  }
  const flags = options.reduce((flags, option) => flags | flagOf(option), 0);
  return { op: "mountByName", ...filesystem, flags, data, ...rest };
}

/** The message about a filesystem that cannot be mounted, without the reason. */
export function cannotBeMounted(
  { fstype, source, target }: { fstype: string; source: string; target: string },
): string {
  const what = source === fstype ? quoted(fstype) : `${quoted(fstype)} of ${quoted(source)}`;
  return `${what} cannot be mounted on ${quoted(target)}`;
}

/** A tmpfs without a `mode` option takes the mode of the folder that it covers, as with runc and crun. */
function takesOf(fstype: string, options: readonly string[], copyUp: boolean): number {
  const missing = (["uid", "gid", "mode"] as const).filter((key) =>
    !options.some((option) => option.startsWith(`${key}=`))
  );
  if (copyUp) return missing.reduce<number>((bits, key) => bits | TAKES[key], TAKES.contents);
  return fstype === "tmpfs" && missing.includes("mode") ? TAKES.mode : TAKES.nothing;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function valueOf(option: string): string {
  return option.includes("=") ? option.slice(option.indexOf("=") + 1) : "";
}

/** The flag of mount(2) for an option; 0 for an option of the filesystem. */
function flagOf(option: string): number {
  return (SUPERBLOCK_FLAGS as Readonly<Record<string, number>>)[option] ?? 0;
}

/** mount(2) takes one string, in which a comma ends an option; a label with commas is quoted. */
function inData(option: string): string {
  return option.startsWith("context=") && option.includes(",")
    ? `context="${option.slice("context=".length)}"`
    : option;
}
