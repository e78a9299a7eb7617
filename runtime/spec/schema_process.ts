/** The schemas of `process` and its parts; the types are spec_process.ts's. */
import {
  boolean,
  int32,
  integer,
  list,
  object,
  once,
  oneOf,
  optional,
  pattern,
  present,
  type Schema,
  string,
  strings,
  uint32,
  uint32s,
  uint64,
} from "./schema_base.ts";
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

/** The schema of a process as it is in `value`. */
export function processSchema(value: unknown): Schema<Process> {
  return present<Process>(value, {
    terminal: boolean,
    consoleSize,
    cwd: string,
    env: strings,
    args: strings,
    user,
    rlimits: once(() => list(rlimit())),
    capabilities,
    noNewPrivileges: boolean,
    apparmorProfile: string,
    selinuxLabel: string,
    oomScoreAdj: int32,
    scheduler,
    ioPriority,
    execCPUAffinity,
  }, { cwd: true });
}

/** The kernel's struct winsize holds 16 bits each (ioctl_tty(2)). */
function consoleSize(): Schema<ConsoleSize> {
  const characters = integer(0, 0xffff);
  return object<ConsoleSize>({ height: characters, width: characters });
}

function user(value: unknown): Schema<User> {
  return present<User>(value, {
    uid: uint32,
    gid: uint32,
    umask: uint32,
    additionalGids: uint32s,
    username: string,
  }, {});
}

function rlimit(): Schema<Rlimit> {
  const type = pattern(/^RLIMIT_[A-Z]+$/, "RLIMIT_ and capital letters, as RLIMIT_NOFILE");
  return object<Rlimit>({ type, soft: uint64(), hard: uint64() });
}

function capabilities(value: unknown): Schema<Capabilities> {
  return present<Capabilities>(value, {
    bounding: strings,
    effective: strings,
    inheritable: strings,
    permitted: strings,
    ambient: strings,
  }, {});
}

function scheduler(value: unknown): Schema<Scheduler> {
  return present<Scheduler>(value, {
    policy: () => oneOf(SCHEDULER_POLICIES),
    nice: int32,
    priority: int32,
    flags: () => list(oneOf(SCHEDULER_FLAGS)),
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  }, { policy: true });
}

function ioPriority(): Schema<IoPriority> {
  return object<IoPriority>({ class: oneOf(IO_PRIORITY_CLASSES), priority: optional(int32()) });
}

function execCPUAffinity(): Schema<ExecCpuAffinity> {
  const cpus = pattern(/^[0-9, -]*$/, "a CPU list such as 0-3,7");
  return object<ExecCpuAffinity>({ initial: optional(cpus), final: optional(cpus) });
}
