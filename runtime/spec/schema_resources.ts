/** The schema of `linux.resources`, also of `update --resources`; the types are spec_resources.ts's. */
import {
  boolean,
  int64,
  integer,
  list,
  map,
  object,
  once,
  optional,
  pattern,
  present,
  type Schema,
  string,
  stringMap,
  uint32,
  uint64,
} from "./schema_base.ts";
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
} from "./spec.ts";

export function resourcesSchema(value: unknown): Schema<Resources> {
  return present<Resources>(value, {
    devices: () => list(deviceRule()),
    memory,
    cpu,
    pids: () => object<PidsResources>({ limit: int64() }),
    blockIO,
    hugepageLimits: () => list(hugepageLimit()),
    network,
    rdma: () => map(rdmaLimit()),
    unified: stringMap,
  }, {});
}

/** Device numbers are signed: -1 means all in a cgroup rule, and the kernel's dev_t has 12 and 20 bits. */
const deviceNumber = once(() => integer(-1, 0xffffffff));

function deviceRule(): Schema<DeviceCgroup> {
  return object<DeviceCgroup>({
    allow: boolean(),
    type: optional(string()),
    major: optional(deviceNumber()),
    minor: optional(deviceNumber()),
    access: optional(string()),
  });
}

function memory(value: unknown): Schema<MemoryResources> {
  return present<MemoryResources>(value, {
    limit: int64,
    reservation: int64,
    swap: int64,
    kernel: int64,
    kernelTCP: int64,
    swappiness: uint64,
    disableOOMKiller: boolean,
    useHierarchy: boolean,
    checkBeforeUpdate: boolean,
  }, {});
}

function cpu(value: unknown): Schema<CpuResources> {
  return present<CpuResources>(value, {
    shares: uint64,
    quota: int64,
    burst: uint64,
    period: uint64,
    realtimeRuntime: int64,
    realtimePeriod: uint64,
    cpus: string,
    mems: string,
    idle: int64,
  }, {});
}

function blockIO(value: unknown): Schema<BlockIoResources> {
  const throttles = once(() => list(throttleDevice()));
  return present<BlockIoResources>(value, {
    weight,
    leafWeight: weight,
    weightDevice: () => list(weightDevice()),
    throttleReadBpsDevice: throttles,
    throttleWriteBpsDevice: throttles,
    throttleReadIOPSDevice: throttles,
    throttleWriteIOPSDevice: throttles,
  }, {});
}

const weight = once(() => integer(0, 0xffff));

function weightDevice(): Schema<WeightDevice> {
  return object<WeightDevice>({
    major: deviceNumber(),
    minor: deviceNumber(),
    weight: optional(weight()),
    leafWeight: optional(weight()),
  });
}

function throttleDevice(): Schema<ThrottleDevice> {
  return object<ThrottleDevice>({
    major: deviceNumber(),
    minor: deviceNumber(),
    rate: optional(uint64()),
  });
}

function hugepageLimit(): Schema<HugepageLimit> {
  return object<HugepageLimit>({
    pageSize: pattern(/^[1-9][0-9]*[KMG]B$/, "a page size such as 64KB, 2MB or 1GB"),
    limit: uint64(),
  });
}

function network(value: unknown): Schema<NetworkResources> {
  return present<NetworkResources>(value, {
    classID: uint32,
    priorities: () => list(object<InterfacePriority>({ name: string(), priority: uint32() })),
  }, {});
}

function rdmaLimit(): Schema<RdmaLimit> {
  return object<RdmaLimit>({ hcaHandles: optional(uint32()), hcaObjects: optional(uint32()) });
}
