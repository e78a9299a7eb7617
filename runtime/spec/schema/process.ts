/** The schema of `process`; spec_process.ts has the types. */
import { boolean, int32, string, strings, uint16, uint32, uint64 } from "./leaf.ts";
import type { Rule } from "./rule.ts";
import type {
  Capabilities,
  ConsoleSize,
  ExecCpuAffinity,
  IoPriority,
  Process,
  Rlimit,
  Scheduler,
  User,
} from "../spec.ts";
import { IO_PRIORITY_CLASSES, SCHEDULER_FLAGS, SCHEDULER_POLICIES } from "../spec_process.ts";

const user: Rule<User> = {
  kind: "object",
  required: {},
  optional: {
    uid: uint32,
    gid: uint32,
    umask: uint32,
    additionalGids: { kind: "list", item: uint32 },
    username: string,
  },
};

const rlimit: Rule<Rlimit> = {
  kind: "object",
  required: {
    type: { kind: "pattern", expression: /^RLIMIT_[A-Z]+$/, form: "a name such as RLIMIT_NOFILE" },
    soft: uint64,
    hard: uint64,
  },
  optional: {},
};

const capabilities: Rule<Capabilities> = {
  kind: "object",
  required: {},
  optional: {
    bounding: strings,
    effective: strings,
    inheritable: strings,
    permitted: strings,
    ambient: strings,
  },
};

/** The kernel's struct winsize has 16 bits each (ioctl_tty(2)); the spec has 64. */
const consoleSize = (): Rule<ConsoleSize> => ({
  kind: "object",
  required: { height: uint16, width: uint16 },
  optional: {},
});

const scheduler = (): Rule<Scheduler> => ({
  kind: "object",
  required: { policy: { kind: "oneOf", words: SCHEDULER_POLICIES } },
  optional: {
    nice: int32,
    priority: int32,
    flags: { kind: "list", item: { kind: "oneOf", words: SCHEDULER_FLAGS } },
    runtime: uint64,
    deadline: uint64,
    period: uint64,
  },
});

const ioPriority = (): Rule<IoPriority> => ({
  kind: "object",
  required: { class: { kind: "oneOf", words: IO_PRIORITY_CLASSES } },
  optional: { priority: int32 },
});

const execCPUAffinity = (): Rule<ExecCpuAffinity> => {
  const cpuList: Rule<string> = {
    kind: "pattern",
    expression: /^[0-9, -]*$/,
    form: "a CPU list such as 0-3,7",
  };
  return { kind: "object", required: {}, optional: { initial: cpuList, final: cpuList } };
};

export const processRule: Rule<Process> = {
  kind: "object",
  required: { cwd: string },
  optional: {
    terminal: boolean,
    consoleSize,
    env: strings,
    args: strings,
    user,
    rlimits: { kind: "list", item: rlimit },
    capabilities,
    noNewPrivileges: boolean,
    apparmorProfile: string,
    selinuxLabel: string,
    oomScoreAdj: int32,
    scheduler,
    ioPriority,
    execCPUAffinity,
  },
};
