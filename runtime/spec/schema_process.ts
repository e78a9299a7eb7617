/** The schema of `process`; the types are spec_process.ts's. */
import { list, object } from "./schema_base.ts";
import {
  boolean,
  int32,
  oneOf,
  pattern,
  string,
  strings,
  uint16,
  uint32,
  uint64,
} from "./schema_leaf.ts";
import type {
  Capabilities,
  ConsoleSize,
  ExecCpuAffinity,
  IoPriority,
  Process,
  Rlimit,
  Scheduler,
  User,
} from "./spec.ts";
import { IO_PRIORITY_CLASSES, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "./spec_process.ts";

/** The kernel's struct winsize holds 16 bits each (ioctl_tty(2)); the spec has 64. */
const consoleSize = object<ConsoleSize>({ height: uint16, width: uint16 }, {});

const user = object<User>({}, {
  uid: uint32,
  gid: uint32,
  umask: uint32,
  additionalGids: list(uint32),
  username: string,
});

const rlimit = object<Rlimit>({
  type: pattern(/^RLIMIT_[A-Z]+$/, "a name such as RLIMIT_NOFILE"),
  soft: uint64,
  hard: uint64,
}, {});

const capabilities = object<Capabilities>({}, {
  bounding: strings,
  effective: strings,
  inheritable: strings,
  permitted: strings,
  ambient: strings,
});

const scheduler = object<Scheduler>({ policy: oneOf(SCHEDULER_POLICIES) }, {
  nice: int32,
  priority: int32,
  flags: list(oneOf(SCHEDULER_FLAGS)),
  runtime: uint64,
  deadline: uint64,
  period: uint64,
});

const ioPriority = object<IoPriority>({ class: oneOf(IO_PRIORITY_CLASSES) }, { priority: int32 });

const cpuList = pattern(/^[0-9, -]*$/, "a CPU list such as 0-3,7");

const execCPUAffinity = object<ExecCpuAffinity>({}, { initial: cpuList, final: cpuList });

export const processSchema = object<Process>({ cwd: string }, {
  terminal: boolean,
  consoleSize,
  env: strings,
  args: strings,
  user,
  rlimits: list(rlimit),
  capabilities,
  noNewPrivileges: boolean,
  apparmorProfile: string,
  selinuxLabel: string,
  oomScoreAdj: int32,
  scheduler,
  ioPriority,
  execCPUAffinity,
});
