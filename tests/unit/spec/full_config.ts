/** A config.json with every property that the types name, valid as a whole: the compiler asks for the ones that miss. */
import type { Spec } from "../../../runtime/spec/spec.ts";

type Complete<T> = T extends readonly (infer Item)[] ? readonly Complete<Item>[]
  : T extends object ? { readonly [K in keyof T]-?: Complete<Exclude<T[K], undefined>> }
  : T;

type Part<K extends keyof Spec> = Complete<Exclude<Spec[K], undefined>>;

const ID_MAPPINGS = [{ containerID: 0, hostID: 100000, size: 65536 }];
const HOOKS = [{ path: "/bin/hook", args: ["hook"], env: ["A=1"], timeout: 5 }];
const NAMES = ["CAP_KILL"];

const PROCESS: Part<"process"> = {
  terminal: true,
  consoleSize: { height: 24, width: 80 },
  cwd: "/",
  env: ["PATH=/bin"],
  args: ["sh"],
  user: { uid: 1, gid: 1, umask: 0o22, additionalGids: [5], username: "app" },
  rlimits: [{ type: "RLIMIT_NOFILE", soft: 1024, hard: 2048 }],
  capabilities: {
    bounding: NAMES,
    effective: NAMES,
    inheritable: NAMES,
    permitted: NAMES,
    ambient: NAMES,
  },
  noNewPrivileges: true,
  apparmorProfile: "app",
  selinuxLabel: "system_u:system_r:app_t:s0",
  oomScoreAdj: 100,
  scheduler: {
    policy: "SCHED_DEADLINE",
    nice: 0,
    priority: 0,
    flags: ["SCHED_FLAG_RESET_ON_FORK"],
    runtime: 10_000_000,
    deadline: 20_000_000,
    period: 30_000_000,
  },
  ioPriority: { class: "IOPRIO_CLASS_BE", priority: 4 },
  execCPUAffinity: { initial: "0-1", final: "0" },
};

const RESOURCES: Part<"linux">["resources"] = {
  devices: [{ allow: true, type: "c", major: 1, minor: 3, access: "rwm" }],
  memory: {
    limit: 64_000_000,
    reservation: 32_000_000,
    swap: 128_000_000,
    kernel: -1,
    kernelTCP: -1,
    swappiness: 60,
    disableOOMKiller: false,
    useHierarchy: true,
    checkBeforeUpdate: true,
  },
  cpu: {
    shares: 512,
    quota: 50_000,
    burst: 1000,
    period: 100_000,
    realtimeRuntime: 0,
    realtimePeriod: 1_000_000,
    cpus: "0-1",
    mems: "0",
    idle: 0,
  },
  pids: { limit: 100 },
  blockIO: {
    weight: 500,
    leafWeight: 500,
    weightDevice: [{ major: 8, minor: 0, weight: 500, leafWeight: 500 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
    throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
    throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 600 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 600 }],
  },
  hugepageLimits: [{ pageSize: "2MB", limit: 209_715_200 }],
  network: { classID: 1048577, priorities: [{ name: "eth0", priority: 500 }] },
  rdma: { mlx5: { hcaHandles: 3, hcaObjects: 10000 } },
  unified: { "memory.high": "60000000" },
};

const LINUX: Part<"linux"> = {
  devices: [
    { type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 },
  ],
  netDevices: { eth0: { name: "ctr0" } },
  uidMappings: ID_MAPPINGS,
  gidMappings: ID_MAPPINGS,
  namespaces: [
    { type: "network", path: "/run/netns/app" },
    ...(["pid", "ipc", "uts", "mount", "cgroup", "user", "time"] as const)
      .map((type) => ({ type, path: "" })),
  ],
  resources: RESOURCES,
  cgroupsPath: "/app/one",
  rootfsPropagation: "rslave",
  seccomp: {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    architectures: ["SCMP_ARCH_X86_64"],
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    listenerPath: "/run/agent.sock",
    listenerMetadata: "app",
    syscalls: [{
      names: ["socket"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: 22,
      args: [{ index: 0, value: 16, valueTwo: 0, op: "SCMP_CMP_EQ" }],
    }],
  },
  sysctl: { "net.ipv4.ip_forward": "1" },
  maskedPaths: ["/proc/kcore"],
  readonlyPaths: ["/proc/sys"],
  mountLabel: "system_u:object_r:app_t:s0",
  intelRdt: {
    closID: "app",
    schemata: ["L3:0=7f"],
    l3CacheSchema: "L3:0=7f",
    memBwSchema: "MB:0=70",
    enableMonitoring: true,
  },
  memoryPolicy: { mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] },
  personality: { domain: "LINUX", flags: [] },
  timeOffsets: { boottime: { secs: -5, nanosecs: 1 }, monotonic: { secs: 5, nanosecs: 0 } },
};

export const FULL_CONFIG: Complete<Spec> = {
  ociVersion: "1.3.0",
  root: { path: "rootfs", readonly: true },
  mounts: [
    {
      destination: "/proc",
      type: "proc",
      source: "proc",
      options: [],
      uidMappings: [],
      gidMappings: [],
    },
    {
      destination: "/data",
      type: "none",
      source: "/srv/data",
      options: ["rbind", "ridmap"],
      uidMappings: ID_MAPPINGS,
      gidMappings: ID_MAPPINGS,
    },
  ],
  process: PROCESS,
  hostname: "app",
  domainname: "example",
  hooks: {
    prestart: HOOKS,
    createRuntime: HOOKS,
    createContainer: HOOKS,
    startContainer: HOOKS,
    poststart: HOOKS,
    poststop: HOOKS,
  },
  annotations: { "org.example.a": "b" },
  linux: LINUX,
};
