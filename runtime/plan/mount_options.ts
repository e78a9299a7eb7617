/**
 * The options of `mounts[].options`, as in the spec ("Linux mount options") and mount(8): one table, with a lookup for each
 * option. Options that are in no row belong to the filesystem.
 */
import { LINKS, SUPERBLOCK_FLAGS } from "./op.ts";

/** MOUNT_ATTR_* (linux/mount.h). */
export const MOUNT_ATTR = {
  RDONLY: 0x1n,
  NOSUID: 0x2n,
  NODEV: 0x4n,
  NOEXEC: 0x8n,
  ATIME_MASK: 0x70n,
  NOATIME: 0x10n,
  STRICTATIME: 0x20n,
  NODIRATIME: 0x80n,
  NOSYMFOLLOW: 0x200000n,
} as const;

/** Propagation flags MS_* of mount(2). */
export const MS = {
  REC: 0x4000,
  UNBINDABLE: 0x20000,
  PRIVATE: 0x40000,
  SLAVE: 0x80000,
  SHARED: 0x100000,
} as const;

type Effect =
  | { readonly set: bigint; readonly clear?: bigint }
  | { readonly clear: bigint; readonly set?: bigint };

/** Attributes of the mount; with a leading `r` they also apply to all mounts below. */
const ATTRIBUTES: Readonly<Record<string, Effect>> = {
  ro: { set: MOUNT_ATTR.RDONLY },
  rw: { clear: MOUNT_ATTR.RDONLY },
  nosuid: { set: MOUNT_ATTR.NOSUID },
  suid: { clear: MOUNT_ATTR.NOSUID },
  nodev: { set: MOUNT_ATTR.NODEV },
  dev: { clear: MOUNT_ATTR.NODEV },
  noexec: { set: MOUNT_ATTR.NOEXEC },
  exec: { clear: MOUNT_ATTR.NOEXEC },
  nodiratime: { set: MOUNT_ATTR.NODIRATIME },
  diratime: { clear: MOUNT_ATTR.NODIRATIME },
  nosymfollow: { set: MOUNT_ATTR.NOSYMFOLLOW },
  symfollow: { clear: MOUNT_ATTR.NOSYMFOLLOW },
  // The access time modes exclude each other: to change one, mount_setattr(2) requires that the whole field is cleared.
  noatime: { set: MOUNT_ATTR.NOATIME, clear: MOUNT_ATTR.ATIME_MASK },
  strictatime: { set: MOUNT_ATTR.STRICTATIME, clear: MOUNT_ATTR.ATIME_MASK },
  relatime: { set: 0n, clear: MOUNT_ATTR.ATIME_MASK },
  atime: { set: 0n, clear: MOUNT_ATTR.ATIME_MASK },
  norelatime: { set: 0n, clear: MOUNT_ATTR.ATIME_MASK },
  nostrictatime: { set: 0n, clear: MOUNT_ATTR.ATIME_MASK },
};

/** Flags of the superblock; `ro` is an attribute of the mount. */
const OF_SUPERBLOCK: ReadonlySet<string> = new Set(
  Object.keys(SUPERBLOCK_FLAGS).filter((name) => name !== "ro"),
);

/** Accepted, and without effect because they are the defaults. */
const DEFAULTS: ReadonlySet<string> = new Set([
  "defaults",
  "async",
  "nolazytime",
  "nomand",
  "loud",
  "silent",
  "iversion",
  "noiversion",
]);

/** mount_namespaces(7). */
export const PROPAGATION: Readonly<Record<string, number>> = {
  private: MS.PRIVATE,
  shared: MS.SHARED,
  slave: MS.SLAVE,
  unbindable: MS.UNBINDABLE,
  rprivate: MS.PRIVATE | MS.REC,
  rshared: MS.SHARED | MS.REC,
  rslave: MS.SLAVE | MS.REC,
  runbindable: MS.UNBINDABLE | MS.REC,
};

export interface AttributeChange {
  readonly set: bigint;
  readonly clear: bigint;
}

export interface MountOptions {
  readonly bind: boolean;
  readonly recursive: boolean;
  readonly remount: boolean;
  readonly copyUp: boolean;
  readonly attrs: AttributeChange;
  readonly recAttrs: AttributeChange;
  /** crun's options about symlinks, as LINKS of op.ts; combined if they contradict each other. */
  readonly links: number;
  /** MS_* of the last propagation option, 0 for none. */
  readonly propagation: number;
  /** Options for the filesystem: flags and `key=value`. */
  readonly data: readonly string[];
  /** Is an id-mapped mount requested by an option of the spec? */
  readonly idmap: boolean;
  /** Does that apply to all mounts below too? */
  readonly recursiveIdmap: boolean;
  /** The text after `idmap=` (idmap_option.ts); undefined for the option without a value. */
  readonly idmapText: string | undefined;
}

const LINK_OPTIONS: Readonly<Record<string, number>> = {
  "src-nofollow": LINKS.bindSource,
  "dest-nofollow": LINKS.coverTarget,
  "copy-symlink": LINKS.copySource,
};

const IDMAP: ReadonlySet<string> = new Set(["idmap", "ridmap"]);

/** `idmap` for `idmap=uids=…`; other options unchanged. */
function idmapName(option: string): string {
  return option.startsWith("idmap=") || option.startsWith("ridmap=")
    ? option.slice(0, option.indexOf("="))
    : option;
}

/** A bind mount shares its source's superblock, whose flags are accepted and change nothing, as in mount(8). */
export function needsFilesystem(option: string): boolean {
  return !OF_SUPERBLOCK.has(option);
}

/**
 * Splits options that are joined by commas, as for mount(8). A comma after a backslash or between quotation marks is part
 * of the option, as in an overlay's layers and in a label.
 */
export function splitOptions(joined: readonly string[]): readonly string[] {
  if (!joined.some((option) => option.includes(","))) return joined;
  return joined.flatMap((option) => option.match(/(?:\\.|"[^"]*"|[^,\\]|\\$)+/gs) ?? []);
}

/** Parses the options of one mount; the last option for an attribute wins. */
export function parseMountOptions(joined: readonly string[]): MountOptions {
  const options = splitOptions(joined);
  const attrs = { set: 0n, clear: 0n };
  const recAttrs = { set: 0n, clear: 0n };
  const data: string[] = [];
  let propagation = 0;
  let links = 0;
  let idmap: string | undefined;
  for (const option of options) {
    if (ATTRIBUTES[option]) apply(attrs, ATTRIBUTES[option]);
    else if (option.startsWith("r") && ATTRIBUTES[option.slice(1)]) {
      apply(recAttrs, ATTRIBUTES[option.slice(1)]!);
    } else if (IDMAP.has(idmapName(option))) idmap = option;
    else if (PROPAGATION[option]) propagation = PROPAGATION[option]!;
    else if (LINK_OPTIONS[option]) links |= LINK_OPTIONS[option]!;
    else if (isFilesystemOption(option)) data.push(option);
  }
  return {
    bind: options.includes("bind") || options.includes("rbind"),
    recursive: options.includes("rbind"),
    remount: options.includes("remount"),
    copyUp: options.includes("tmpcopyup"),
    idmap: idmap !== undefined,
    recursiveIdmap: idmap !== undefined && idmapName(idmap) === "ridmap",
    idmapText: idmap?.includes("=") ? idmap.slice(idmap.indexOf("=") + 1) : undefined,
    attrs,
    recAttrs,
    links,
    propagation,
    data,
  };
}

/** A symlink at the end must not be followed, but a trailing slash would follow it. */
export function mountTarget(destination: string, { links }: MountOptions): string {
  return links ? destination.replace(/\/+$/, "") : destination;
}

const OWN_WORDS: ReadonlySet<string> = new Set(["bind", "rbind", "remount", "tmpcopyup", ""]);

function isFilesystemOption(option: string): boolean {
  return OF_SUPERBLOCK.has(option) ||
    !(OWN_WORDS.has(option) || DEFAULTS.has(option));
}

function apply(change: { set: bigint; clear: bigint }, effect: Effect): void {
  const set = effect.set ?? 0n;
  const clear = effect.clear ?? 0n;
  change.set = (change.set & ~clear) | set;
  change.clear = (change.clear & ~set) | clear;
}

/** All options that kago itself handles, sorted, for `kago features`. */
export function knownMountOptions(): string[] {
  const attributes = Object.keys(ATTRIBUTES);
  const known = [
    ...attributes,
    ...attributes.map((name) => `r${name}`),
    ...OF_SUPERBLOCK,
    ...DEFAULTS,
    ...Object.keys(PROPAGATION),
    ...IDMAP,
    ...Object.keys(LINK_OPTIONS),
    ...OWN_WORDS,
  ];
  return [...new Set(known)].filter((name) => name !== "").sort();
}
