/** The schema of `linux.resources`, also of `update --resources`; spec_resources.ts has the types. */
import { boolean, int64, string, stringMap, uint16, uint32, uint64 } from "./leaf.ts";
import type { Rule } from "./rule.ts";
import type {
  BlockIoResources,
  CpuResources,
  DeviceCgroup,
  HugepageLimit,
  InterfacePriority,
  MemoryResources,
  NetworkResources,
  PidsResources,
  RdmaLimit,
  Resources,
  ThrottleDevice,
  WeightDevice,
} from "../spec.ts";

/** int64 in the spec; a cgroup rule has 32 bits, or -1 for all. */
const deviceNumber: Rule<number> = { kind: "integer", minimum: -1, maximum: 0xffffffff };

const device: Rule<DeviceCgroup> = {
  kind: "object",
  required: { allow: boolean },
  optional: { type: string, major: deviceNumber, minor: deviceNumber, access: string },
};

const memory: Rule<MemoryResources> = {
  kind: "object",
  required: {},
  optional: {
    limit: int64,
    reservation: int64,
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: uint64,
    disableOOMKiller: boolean,
    useHierarchy: boolean,
    checkBeforeUpdate: boolean,
  },
};

const cpu = (): Rule<CpuResources> => ({
  kind: "object",
  required: {},
  optional: {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: string,
    mems: string,
    idle: int64,
  },
});

const pids: Rule<PidsResources> = { kind: "object", required: {}, optional: { limit: int64 } };

const blockIO = (): Rule<BlockIoResources> => {
  const weightDevice: Rule<WeightDevice> = {
    kind: "object",
    required: { major: deviceNumber, minor: deviceNumber },
    optional: { weight: uint16, leafWeight: uint16 },
  };
  const throttleDevice: Rule<ThrottleDevice> = {
    kind: "object",
    required: { major: deviceNumber, minor: deviceNumber },
    optional: { rate: uint64 },
  };
  const throttles: Rule<readonly ThrottleDevice[]> = { kind: "list", item: throttleDevice };
  return {
    kind: "object",
    required: {},
    optional: {
      weight: uint16,
      leafWeight: uint16,
      weightDevice: { kind: "list", item: weightDevice },
      throttleReadBpsDevice: throttles,
      throttleWriteBpsDevice: throttles,
      throttleReadIOPSDevice: throttles,
      throttleWriteIOPSDevice: throttles,
    },
  };
};

const hugepageLimits = (): Rule<readonly HugepageLimit[]> => {
  const pageSize: Rule<string> = {
    kind: "pattern",
    expression: /^[1-9][0-9]*[KMG]B$/,
    form: "a page size such as 64KB, 2MB or 1GB",
  };
  return {
    kind: "list",
    item: { kind: "object", required: { pageSize, limit: uint64 }, optional: {} },
  };
};

const network = (): Rule<NetworkResources> => {
  const priority: Rule<InterfacePriority> = {
    kind: "object",
    required: { name: string, priority: uint32 },
    optional: {},
  };
  return {
    kind: "object",
    required: {},
    optional: { classID: uint32, priorities: { kind: "list", item: priority } },
  };
};

const rdmaLimit = (): Rule<RdmaLimit> => ({
  kind: "object",
  required: {},
  optional: { hcaHandles: uint32, hcaObjects: uint32 },
});

export const resourcesRule: Rule<Resources> = {
  kind: "object",
  required: {},
  optional: {
    devices: { kind: "list", item: device },
    memory,
    cpu,
    pids,
    blockIO,
    hugepageLimits,
    network,
    rdma: { kind: "map", item: rdmaLimit },
    unified: stringMap,
  },
};
