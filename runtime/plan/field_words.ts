/** Names for the numbers in operations, as in the kernel's headers and mount(8); loaded with format.ts only. */
import { CAPABILITIES } from "../spec/capabilities.ts";
import { NAMESPACES } from "../spec/namespaces.ts";
import { RLIMITS } from "../spec/rlimits.ts";
import { MOUNT_ATTR, MS } from "./mount_options.ts";
import {
  KRUN_OBJECTS,
  LINKS,
  NO_SLOT,
  PROCFS,
  SUPERBLOCK_FLAGS,
  SYNC_POINTS,
  TAKES,
} from "./op.ts";

/** The words for a field's value; undefined if it is left out. */
type Words = (value: number | bigint) => string | undefined;

const ALL_ONES = 2n ** 64n - 1n;

/** Bits by name; bits without a name are printed as a number. */
function bits(names: readonly (readonly [string, bigint])[], separator: string): Words {
  return (value) => {
    let rest = BigInt(value);
    if (rest === 0n) return undefined;
    const words: string[] = [];
    for (const [name, bit] of names) {
      if ((rest & bit) !== bit) continue;
      words.push(name);
      rest &= ~bit;
    }
    if (rest !== 0n) words.push(hexadecimal(rest));
    return words.join(separator);
  };
}

/** The name of one of several numbers. */
function oneOf(names: Readonly<Record<string, number>>, silent?: number): Words {
  return (value) => {
    if (Number(value) === silent) return undefined;
    return Object.keys(names).find((name) => names[name] === Number(value)) ?? `${value}`;
  };
}

const namespaces = bits(
  Object.values(NAMESPACES).map(({ flag, procName }) =>
    [`NEW${procName === "mnt" ? "NS" : procName.toUpperCase()}`, BigInt(flag)] as const
  ),
  "|",
);

const attributes = bits([
  ["ro", MOUNT_ATTR.RDONLY],
  ["nosuid", MOUNT_ATTR.NOSUID],
  ["nodev", MOUNT_ATTR.NODEV],
  ["noexec", MOUNT_ATTR.NOEXEC],
  ["noatime", MOUNT_ATTR.NOATIME],
  ["strictatime", MOUNT_ATTR.STRICTATIME],
  ["nodiratime", MOUNT_ATTR.NODIRATIME],
  ["nosymfollow", MOUNT_ATTR.NOSYMFOLLOW],
], ",");

const propagationKind = bits([
  ["unbindable", BigInt(MS.UNBINDABLE)],
  ["private", BigInt(MS.PRIVATE)],
  ["slave", BigInt(MS.SLAVE)],
  ["shared", BigInt(MS.SHARED)],
], "|");

/** As in mount(8): a leading `r` means that it also applies to all mounts below. */
const propagation: Words = (value) => {
  const kind = propagationKind(Number(value) & ~MS.REC);
  return kind && (Number(value) & MS.REC ? `r${kind}` : kind);
};

const ALL_CAPABILITIES = (1n << BigInt(Object.keys(CAPABILITIES).length)) - 1n;
const someCapabilities = bits(
  Object.entries(CAPABILITIES).map(([name, number]) => [name, 1n << BigInt(number)] as const),
  "|",
);

const capabilities: Words = (value) =>
  BigInt(value) === ALL_CAPABILITIES ? "all" : someCapabilities(value) ?? "none";

const limit: Words = (value) => BigInt(value) === ALL_ONES ? "unlimited" : `${value}`;

/** A switch is printed only when it is on. */
const on: Words = (value) => Number(value) === 0 ? undefined : "";

const octal: Words = (value) => `0${value.toString(8)}`;

/** By field name, or by operation and field if the name has another meaning there. */
const WORDS: Readonly<Record<string, Words>> = {
  "unshare.flags": namespaces,
  "setns.nstype": namespaces,
  "joinProcess.namespaces": namespaces,
  "sync.point": oneOf(SYNC_POINTS),
  "propagation.flags": propagation,
  propagation,
  attrs: attributes,
  attrsSet: attributes,
  attrsClear: attributes,
  attrsUnnamed: attributes,
  recAttrsSet: attributes,
  recAttrsClear: attributes,
  procfs: oneOf(PROCFS, PROCFS.refused),
  links: oneOf(LINKS, LINKS.follow),
  takes: bits(
    Object.entries(TAKES).filter(([, bit]) => bit > 0).map(([name, bit]) => [name, BigInt(bit)]),
    "|",
  ),
  "mountByName.flags": bits(
    Object.entries(SUPERBLOCK_FLAGS).map(([name, bit]) => [name, BigInt(bit)]),
    ",",
  ),
  "bind.slot": oneOf({}, NO_SLOT),
  "capBounding.mask": capabilities,
  "capAmbient.mask": capabilities,
  effective: capabilities,
  permitted: capabilities,
  inheritable: capabilities,
  "rlimit.resource": oneOf(RLIMITS),
  "hardLimit.resource": oneOf(RLIMITS),
  "raiseLimit.resource": oneOf(RLIMITS),
  "softLimit.resource": oneOf(RLIMITS),
  soft: limit,
  hard: limit,
  mode: octal,
  "memoryPolicy.mode": hexadecimal,
  "umask.mask": octal,
  flags: hexadecimal,
  privateParent: on,
  privateTree: on,
  recursive: on,
  noFollow: on,
  replace: on,
  "console.bind": on,
  "changeRoot.moveMount": on,
  "prepareCwd.make": on,
  "krunPasst.mayLack": on,
  "krunLoad.abi": oneOf({}, 1),
  "krunEnter.builder": oneOf({ builder: KRUN_OBJECTS.indexOf("builder") }, 0),
  "hook.home": on,
  "guestSession.terminal": on,
};

function hexadecimal(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/**
 * A number as words: `NEWNS|NEWPID`, `nosuid,nodev`. Empty for a switch that is on. Undefined when the field has no effect:
 * no attributes, or a switch that is off.
 */
export function fieldWords(op: string, field: string, value: number | bigint): string | undefined {
  const words = WORDS[`${op}.${field}`] ?? WORDS[field];
  return words ? words(value) : `${value}`;
}
