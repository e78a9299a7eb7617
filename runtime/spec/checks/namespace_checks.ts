/** Checks of `linux.namespaces`, and of what requires one (runtime spec, config-linux.md, "Namespaces"). */
import { SpecError } from "../../common/errors.ts";
import { findNamespace } from "../namespaces.ts";
import type { Linux, NamespaceType, Spec } from "../spec.ts";
import { type ChecksOf, findDuplicate, requireAbsolute, requireRange } from "./check.ts";
import { requireSoundMappings } from "./id_mappings.ts";
import { sysctlsAreNamespaced } from "./sysctl_checks.ts";

export const NAMESPACE_CHECKS: ChecksOf<Linux, Spec> = {
  namespaces: [namespacesAreUnique, namespacePathsAreAbsolute, userNamespaceHasMappings],
  uidMappings: [mappingsNeedUserNamespace, mappingsAreSound],
  gidMappings: [mappingsNeedUserNamespace, mappingsAreSound],
  maskedPaths: [hiddenPathsNeedMountNamespace],
  readonlyPaths: [hiddenPathsNeedMountNamespace],
  timeOffsets: [timeOffsetsNeedNewTimeNamespace, timeOffsetsAreInRange],
  netDevices: [netDevicesNeedNetworkNamespace],
  sysctl: [sysctlsAreNamespaced],
};

function namespacesAreUnique({ linux }: Spec): void {
  const namespaces = linux?.namespaces ?? [];
  const index = findDuplicate(namespaces);
  if (index < 0) return;
  throw new SpecError(
    `linux.namespaces[${index}].type`,
    `${namespaces[index]!.type} is listed twice`,
  );
}

function namespacePathsAreAbsolute({ linux }: Spec): void {
  for (const [index, { path }] of linux?.namespaces?.entries() ?? []) {
    if (path) requireAbsolute(`linux.namespaces[${index}].path`, path);
  }
}

/** A joined namespace already has its mappings. */
function userNamespaceHasMappings(spec: Spec): void {
  const user = findNamespace(spec, "user");
  if (!user || user.path) return;
  for (const field of ["uidMappings", "gidMappings"] as const) {
    if (spec.linux?.[field]?.length) continue;
    throw new SpecError(
      `linux.${field}`,
      "is required, with at least one range, for a new user namespace",
    );
  }
}

function mappingsNeedUserNamespace(spec: Spec): void {
  for (const field of ["uidMappings", "gidMappings"] as const) {
    if (!spec.linux?.[field]?.length) continue;
    requireNamespace(spec, "user", `linux.${field}`, "ids are mapped in a user namespace only");
  }
}

function mappingsAreSound({ linux }: Spec): void {
  requireSoundMappings("linux.uidMappings", linux?.uidMappings ?? []);
  requireSoundMappings("linux.gidMappings", linux?.gidMappings ?? []);
}

/** Otherwise the host's own paths would be hidden. */
function hiddenPathsNeedMountNamespace(spec: Spec): void {
  for (const field of ["maskedPaths", "readonlyPaths"] as const) {
    if (!spec.linux?.[field]?.length) continue;
    requireNamespace(spec, "mount", `linux.${field}`, "it would hide paths of the host");
  }
}

/** time_namespaces(7): offsets cannot change once a process has entered. */
function timeOffsetsNeedNewTimeNamespace(spec: Spec): void {
  if (!spec.linux?.timeOffsets) return;
  requireNamespace(spec, "time", "linux.timeOffsets", "the clocks of the host cannot have offsets");
  if (!findNamespace(spec, "time")?.path) return;
  throw new SpecError("linux.timeOffsets", "cannot be set in an existing time namespace");
}

const CLOCKS = ["boottime", "monotonic"] as const;

function timeOffsetsAreInRange({ linux }: Spec): void {
  const unknown = Object.keys(linux?.timeOffsets ?? {})
    .find((clock) => !CLOCKS.some((known) => known === clock));
  if (unknown !== undefined) {
    const problem = `is not a clock with an offset, must be ${CLOCKS.join(" or ")}`;
    throw new SpecError(`linux.timeOffsets.${unknown}`, problem);
  }
  for (const clock of CLOCKS) {
    const place = `linux.timeOffsets.${clock}.nanosecs`;
    requireRange(place, linux?.timeOffsets?.[clock]?.nanosecs, 0, 999_999_999);
  }
}

function netDevicesNeedNetworkNamespace(spec: Spec): void {
  if (Object.keys(spec.linux?.netDevices ?? {}).length === 0) return;
  requireNamespace(spec, "network", "linux.netDevices", "interfaces are moved into it");
}

function requireNamespace(spec: Spec, type: NamespaceType, jsonPath: string, why: string): void {
  if (findNamespace(spec, type)) return;
  throw new SpecError(jsonPath, `needs ${type} in linux.namespaces: ${why}`);
}
