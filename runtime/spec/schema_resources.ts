/** The schema of `linux.resources`, also of `update --resources`; the types are spec_resources.ts's. */
import { list, map, object } from "./schema_base.ts";
import {
  boolean,
  int64,
  integer,
  pattern,
  string,
  stringMap,
  uint16,
  uint32,
  uint64,
} from "./schema_leaf.ts";
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

/** The spec has int64; a cgroup rule takes 32 bits or -1 for all. */
const deviceNumber = integer(-1, 0xffffffff);

const deviceRule = object<DeviceCgroup>({ allow: boolean }, {
  type: string,
  major: deviceNumber,
  minor: deviceNumber,
  access: string,
});

const memory = object<MemoryResources>({}, {
  limit: int64,
  reservation: int64,
  swap: int64,
  kernel: int64,
  kernelTCP: int64,
  swappiness: uint64,
  disableOOMKiller: boolean,
  useHierarchy: boolean,
  checkBeforeUpdate: boolean,
});

const cpu = object<CpuResources>({}, {
  shares: uint64,
  quota: int64,
  burst: uint64,
  period: uint64,
  realtimeRuntime: int64,
  realtimePeriod: uint64,
  cpus: string,
  mems: string,
  idle: int64,
});

const weightDevice = object<WeightDevice>({ major: deviceNumber, minor: deviceNumber }, {
  weight: uint16,
  leafWeight: uint16,
});

const throttles = list(
  object<ThrottleDevice>({ major: deviceNumber, minor: deviceNumber }, { rate: uint64 }),
);

const blockIO = object<BlockIoResources>({}, {
  weight: uint16,
  leafWeight: uint16,
  weightDevice: list(weightDevice),
  throttleReadBpsDevice: throttles,
  throttleWriteBpsDevice: throttles,
  throttleReadIOPSDevice: throttles,
  throttleWriteIOPSDevice: throttles,
});

const hugepageLimit = object<HugepageLimit>({
  pageSize: pattern(/^[1-9][0-9]*[KMG]B$/, "a page size such as 64KB, 2MB or 1GB"),
  limit: uint64,
}, {});

const network = object<NetworkResources>({}, {
  classID: uint32,
  priorities: list(object<InterfacePriority>({ name: string, priority: uint32 }, {})),
});

export const resourcesSchema = object<Resources>({}, {
  devices: list(deviceRule),
  memory,
  cpu,
  pids: object<PidsResources>({ limit: int64 }, {}),
  blockIO,
  hugepageLimits: list(hugepageLimit),
  network,
  rdma: map(object<RdmaLimit>({}, { hcaHandles: uint32, hcaObjects: uint32 })),
  unified: stringMap,
});
