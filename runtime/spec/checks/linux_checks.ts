/** Checks of the smaller parts of `linux` (runtime spec, config-linux.md). */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import { formatPath } from "../json_path.ts";
import type { Linux, Spec } from "../spec.ts";
import type { ChecksOf, Warn } from "./check.ts";
import { DEVICE_CHECKS } from "./device_checks.ts";

export const LINUX_CHECKS: ChecksOf<Linux, Spec> = {
  cgroupsPath: [cgroupsPathStaysInside],
  devices: DEVICE_CHECKS,
  netDevices: [netDeviceNamesAreValid],
  intelRdt: [closIdIsAName, schemataAreLines],
  memoryPolicy: [memoryPolicyHasMode],
  personality: [personalityHasDomain],
};

/** The path is joined to that of the cgroup filesystem; `..` could lead to another container's cgroup. */
function cgroupsPathStaysInside({ linux }: Spec): void {
  if (!linux?.cgroupsPath?.split("/").includes("..")) return;
  throw new SpecError(
    "linux.cgroupsPath",
    `must have no .., got ${quoted(linux.cgroupsPath)}`,
  );
}

/** IFNAMSIZ (linux/if.h) counts the final NUL. */
const MAX_INTERFACE_BYTES = 15;

/** dev_valid_name() of the kernel. */
function isInterfaceName(name: string): boolean {
  return name !== "." && name !== ".." && /^[^\s/:]+$/.test(name) &&
    new TextEncoder().encode(name).length <= MAX_INTERFACE_BYTES;
}

function netDeviceNamesAreValid({ linux }: Spec): void {
  for (const [host, { name }] of Object.entries(linux?.netDevices ?? {})) {
    const place = ["linux", "netDevices", host];
    if (!isInterfaceName(host)) {
      throw new SpecError(formatPath(place), "is not the name of a network interface");
    }
    if (name && !isInterfaceName(name)) {
      throw new SpecError(
        formatPath([...place, "name"]),
        `${quoted(name)} is not the name of a network interface`,
      );
    }
  }
}

/** The id becomes a folder of resctrl; a single slash is its root, and these folders belong to the kernel. */
const NO_CLOS_IDS: ReadonlySet<string> = new Set([".", "..", "info", "mon_groups", "mon_data"]);

function closIdIsAName({ linux }: Spec): void {
  const closID = linux?.intelRdt?.closID;
  if (closID === undefined || closID === "/") return;
  if (!NO_CLOS_IDS.has(closID) && !/[/\n]/.test(closID)) return;
  throw new SpecError(
    "linux.intelRdt.closID",
    `must be the name of a group, without slashes, or / alone, got ${quoted(closID)}`,
  );
}

/** A newline would start another line of the file. */
function schemataAreLines({ linux }: Spec): void {
  const { l3CacheSchema, schemata = [] } = linux?.intelRdt ?? {};
  for (
    const [place, line] of [
      ["l3CacheSchema", l3CacheSchema] as const,
      ...schemata.map((schema, index) => [`schemata[${index}]`, schema] as const),
    ]
  ) {
    if (line === undefined || line === "" || /^[^\n:]+:[^\n]*$/.test(line)) continue;
    throw new SpecError(
      `linux.intelRdt.${place}`,
      `must be one line such as L3:0=ff;1=f, got ${quoted(line)}`,
    );
  }
}

function memoryPolicyHasMode({ linux }: Spec): void {
  if (!linux?.memoryPolicy || linux.memoryPolicy.mode) return;
  throw new SpecError("linux.memoryPolicy.mode", "is required, such as MPOL_BIND");
}

function personalityHasDomain({ linux }: Spec, warn: Warn): void {
  const personality = linux?.personality;
  if (!personality) return;
  if (!personality.domain) {
    throw new SpecError("linux.personality.domain", "is required: LINUX or LINUX32");
  }
  if (personality.flags?.length) {
    warn("linux.personality.flags", "ignored: the spec defines no flags");
  }
}
