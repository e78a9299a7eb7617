/** The schema of `linux`, save resources and seccomp; the types are spec_linux.ts's. */
import {
  boolean,
  int64,
  integer,
  list,
  map,
  object,
  once,
  oneOf,
  optional,
  pattern,
  present,
  type Schema,
  string,
  stringMap,
  strings,
  uint32,
} from "./schema_base.ts";
import { resourcesSchema } from "./schema_resources.ts";
import { seccompSchema } from "./schema_seccomp.ts";
import type {
  Device,
  IdMapping,
  IntelRdt,
  Linux,
  MemoryPolicy,
  Namespace,
  NetDevice,
  Personality,
  TimeOffset,
  TimeOffsets,
} from "./spec.ts";
import {
  DEVICE_TYPES,
  MEMORY_POLICY_FLAGS,
  MEMORY_POLICY_MODES,
  NAMESPACE_TYPES,
  PERSONALITY_DOMAINS,
  ROOTFS_PROPAGATIONS,
} from "./spec_linux.ts";

export function linuxSchema(value: unknown): Schema<Linux> {
  return present<Linux>(value, {
    devices: () => list(device()),
    netDevices: () => map(object<NetDevice>({ name: optional(string()) })),
    uidMappings: idMappings,
    gidMappings: idMappings,
    namespaces: () => list(namespace()),
    resources: resourcesSchema,
    cgroupsPath: string,
    rootfsPropagation: () => oneOf(ROOTFS_PROPAGATIONS),
    seccomp: seccompSchema,
    sysctl: stringMap,
    maskedPaths: strings,
    readonlyPaths: strings,
    mountLabel: string,
    intelRdt,
    memoryPolicy,
    personality,
    timeOffsets,
  }, {});
}

/** Of `linux` and of a mount. */
export const idMappings = once(() =>
  list(object<IdMapping>({ containerID: uint32(), hostID: uint32(), size: uint32() }))
);

function namespace(): Schema<Namespace> {
  return object<Namespace>({ type: oneOf(NAMESPACE_TYPES), path: optional(string()) });
}

function device(): Schema<Device> {
  /** The spec has int64; the kernel's dev_t has 12 and 20 bits, which checks.ts knows. */
  const number = integer(0, 0xffffffff);
  return object<Device>({
    type: oneOf(DEVICE_TYPES),
    path: string(),
    major: optional(number),
    minor: optional(number),
    fileMode: optional(uint32()),
    uid: optional(uint32()),
    gid: optional(uint32()),
  });
}

function intelRdt(value: unknown): Schema<IntelRdt> {
  return present<IntelRdt>(value, {
    closID: string,
    schemata: strings,
    l3CacheSchema: string,
    memBwSchema: () => pattern(/^MB:[^\n]*$/, "one line that begins with MB:"),
    enableMonitoring: boolean,
  }, {});
}

function memoryPolicy(value: unknown): Schema<MemoryPolicy> {
  return present<MemoryPolicy>(value, {
    mode: () => oneOf(MEMORY_POLICY_MODES),
    nodes: string,
    flags: () => list(oneOf(MEMORY_POLICY_FLAGS)),
  }, {});
}

function personality(value: unknown): Schema<Personality> {
  return present<Personality>(value, {
    domain: () => oneOf(PERSONALITY_DOMAINS),
    flags: strings,
  }, {});
}

function timeOffsets(): Schema<TimeOffsets> {
  const offset = object<TimeOffset>({ secs: optional(int64()), nanosecs: optional(uint32()) });
  return object<TimeOffsets>({ boottime: optional(offset), monotonic: optional(offset) });
}
