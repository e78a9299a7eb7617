/** The schema of `linux`; resources and seccomp have their own modules. spec_linux.ts has the types. */
import { boolean, int64, string, stringMap, strings, uint32 } from "./leaf.ts";
import { resourcesRule } from "./resources.ts";
import type { Rule } from "./rule.ts";
import { seccompRule } from "./seccomp.ts";
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
} from "../spec.ts";
import {
  DEVICE_TYPES,
  MEMORY_POLICY_FLAGS,
  MEMORY_POLICY_MODES,
  NAMESPACE_TYPES,
  PERSONALITY_DOMAINS,
  ROOTFS_PROPAGATIONS,
} from "../spec_linux.ts";

const idMapping = (): Rule<IdMapping> => ({
  kind: "object",
  required: { containerID: uint32, hostID: uint32, size: uint32 },
  optional: {},
});

/** For `linux` and for a mount. */
export const idMappings: Rule<readonly IdMapping[]> = { kind: "list", item: idMapping };

const namespace: Rule<Namespace> = {
  kind: "object",
  required: { type: { kind: "oneOf", words: NAMESPACE_TYPES } },
  optional: { path: string },
};

/** Numbers are int64 in the spec; no kernel device has more than 32 bits. */
const device: Rule<Device> = {
  kind: "object",
  required: { type: { kind: "oneOf", words: DEVICE_TYPES }, path: string },
  optional: { major: uint32, minor: uint32, fileMode: uint32, uid: uint32, gid: uint32 },
};

const netDevice = (): Rule<NetDevice> => ({
  kind: "object",
  required: {},
  optional: { name: string },
});

const intelRdt = (): Rule<IntelRdt> => ({
  kind: "object",
  required: {},
  optional: {
    closID: string,
    schemata: strings,
    l3CacheSchema: string,
    memBwSchema: {
      kind: "pattern",
      expression: /^MB:[^\n]*$/,
      form: "one line that begins with MB:",
    },
    enableMonitoring: boolean,
  },
});

const memoryPolicy = (): Rule<MemoryPolicy> => ({
  kind: "object",
  required: {},
  optional: {
    mode: { kind: "oneOf", words: MEMORY_POLICY_MODES },
    nodes: string,
    flags: { kind: "list", item: { kind: "oneOf", words: MEMORY_POLICY_FLAGS } },
  },
});

const personality = (): Rule<Personality> => ({
  kind: "object",
  required: {},
  optional: { domain: { kind: "oneOf", words: PERSONALITY_DOMAINS }, flags: strings },
});

const timeOffsets = (): Rule<TimeOffsets> => {
  const timeOffset: Rule<TimeOffset> = {
    kind: "object",
    required: {},
    optional: { secs: int64, nanosecs: uint32 },
  };
  return {
    kind: "object",
    required: {},
    optional: { boottime: timeOffset, monotonic: timeOffset },
  };
};

export const linuxRule: Rule<Linux> = {
  kind: "object",
  required: {},
  optional: {
    devices: { kind: "list", item: device },
    netDevices: { kind: "map", item: netDevice },
    uidMappings: idMappings,
    gidMappings: idMappings,
    namespaces: { kind: "list", item: namespace },
    resources: resourcesRule,
    cgroupsPath: string,
    rootfsPropagation: { kind: "oneOf", words: ROOTFS_PROPAGATIONS },
    seccomp: seccompRule,
    sysctl: stringMap,
    maskedPaths: strings,
    readonlyPaths: strings,
    mountLabel: string,
    intelRdt,
    memoryPolicy,
    personality,
    timeOffsets,
  },
};
