/** The schema of `linux`; resources and seccomp have modules of their own. The types are spec_linux.ts's. */
import { list, map, object } from "./schema_base.ts";
import {
  boolean,
  int64,
  oneOf,
  pattern,
  string,
  stringMap,
  strings,
  uint32,
} from "./schema_leaf.ts";
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

/** Of `linux` and of a mount. */
export const idMappings = list(
  object<IdMapping>({ containerID: uint32, hostID: uint32, size: uint32 }, {}),
);

/** Numbers are int64 in the spec; no kernel device has more than 32 bits. */
const device = object<Device>({ type: oneOf(DEVICE_TYPES), path: string }, {
  major: uint32,
  minor: uint32,
  fileMode: uint32,
  uid: uint32,
  gid: uint32,
});

const namespace = object<Namespace>({ type: oneOf(NAMESPACE_TYPES) }, { path: string });

const intelRdt = object<IntelRdt>({}, {
  closID: string,
  schemata: strings,
  l3CacheSchema: string,
  memBwSchema: pattern(/^MB:[^\n]*$/, "one line that begins with MB:"),
  enableMonitoring: boolean,
});

const memoryPolicy = object<MemoryPolicy>({}, {
  mode: oneOf(MEMORY_POLICY_MODES),
  nodes: string,
  flags: list(oneOf(MEMORY_POLICY_FLAGS)),
});

const personality = object<Personality>({}, {
  domain: oneOf(PERSONALITY_DOMAINS),
  flags: strings,
});

const timeOffset = object<TimeOffset>({}, { secs: int64, nanosecs: uint32 });

export const linuxSchema = object<Linux>({}, {
  devices: list(device),
  netDevices: map(object<NetDevice>({}, { name: string })),
  uidMappings: idMappings,
  gidMappings: idMappings,
  namespaces: list(namespace),
  resources: resourcesSchema,
  cgroupsPath: string,
  rootfsPropagation: oneOf(ROOTFS_PROPAGATIONS),
  seccomp: seccompSchema,
  sysctl: stringMap,
  maskedPaths: strings,
  readonlyPaths: strings,
  mountLabel: string,
  intelRdt,
  memoryPolicy,
  personality,
  timeOffsets: object<TimeOffsets>({}, { boottime: timeOffset, monotonic: timeOffset }),
});
