/**
 * All commands of kago. With common_options.ts this is the only source for parsing and help. The names are runc's, then
 * crun's, so that engines can call kago in their place. Plain literals only: this module is loaded at each start.
 */
import {
  BUNDLE,
  CONSOLE_SOCKET,
  type GLOBAL_OPTIONS,
  ID,
  NO_SUBREAPER,
  PIDFD_SOCKET,
  PRESERVE_FDS,
} from "./common_options.ts";
import { CHECKPOINT, RESTORE } from "./criu_commands.ts";
import type { Command, Option, OptionValues } from "./options.ts";

/** Options of both `create` and `run`. */
const CREATE_OPTIONS = [
  BUNDLE,
  {
    name: "config",
    short: "f",
    kind: "string",
    placeholder: "FILE",
    default: "config.json",
    help: "the configuration file, relative to the bundle",
  },
  CONSOLE_SOCKET,
  PIDFD_SOCKET,
  {
    name: "pid-file",
    kind: "string",
    placeholder: "FILE",
    help: "write the process id of the container's init to FILE",
  },
  {
    name: "no-pivot",
    kind: "boolean",
    help:
      "move the root filesystem over / instead of using pivot_root, for a host that runs from a ramdisk",
  },
  {
    name: "no-new-keyring",
    kind: "boolean",
    help: "let the container inherit the caller's session keyring",
  },
  PRESERVE_FDS,
  NO_SUBREAPER,
] as const satisfies readonly Option[];

const EXEC_OPTIONS = [
  {
    name: "process",
    short: "p",
    kind: "string",
    placeholder: "FILE",
    help: "read the process from FILE, a JSON object like process in config.json",
  },
  {
    name: "env",
    short: "e",
    kind: "list",
    placeholder: "NAME=VALUE",
    help: "set an environment variable",
  },
  { name: "cwd", kind: "string", placeholder: "DIR", help: "the working directory" },
  {
    name: "user",
    short: "u",
    kind: "string",
    placeholder: "USER[:GROUP]",
    help: "user and group of the process, as numbers or as names in the container",
  },
  {
    name: "additional-gids",
    short: "g",
    kind: "list",
    placeholder: "GID",
    help: "add a supplementary group",
  },
  { name: "tty", short: "t", kind: "boolean", help: "give the process a terminal" },
  { name: "detach", short: "d", kind: "boolean", help: "do not wait for the process" },
  CONSOLE_SOCKET,
  PIDFD_SOCKET,
  {
    name: "pid-file",
    kind: "string",
    placeholder: "FILE",
    help: "write the process id to FILE",
  },
  {
    name: "cap",
    short: "c",
    kind: "list",
    placeholder: "CAPABILITY",
    help: "add a capability, such as CAP_KILL",
  },
  { name: "no-new-privs", kind: "boolean", help: "prevent the process from gaining privileges" },
  { name: "apparmor", kind: "string", placeholder: "PROFILE", help: "the AppArmor profile" },
  { name: "process-label", kind: "string", placeholder: "LABEL", help: "the SELinux label" },
  PRESERVE_FDS,
  {
    name: "cgroup",
    kind: "list",
    placeholder: "[CONTROLLER:]PATH",
    help: "run the process in an existing sub-cgroup of the container's cgroup",
  },
  {
    name: "ignore-paused",
    kind: "boolean",
    help: "run the process even if the container is paused",
  },
  NO_SUBREAPER,
] as const satisfies readonly Option[];

const REGEX = {
  name: "regex",
  short: "r",
  kind: "boolean",
  help: "ID is a regular expression; act on all containers whose id matches it",
} as const satisfies Option;

/** An option of `update`. It is a string, since its value may be negative, have a unit or be a list. */
function limit<Name extends string>(name: Name, placeholder: string, help: string) {
  return { name, kind: "string", placeholder, help } as const;
}

/** The commands by name, in the order of help. */
export const COMMANDS = {
  create: {
    summary: "create a container",
    details: "The container's process waits until it is started.",
    positionals: [ID],
    options: CREATE_OPTIONS,
  },
  start: {
    summary: "run the process of a created container",
    positionals: [ID],
    options: [],
  },
  run: {
    summary: "create and start a container",
    details: "Waits for the container's process and exits with its status, unless detached.",
    positionals: [ID],
    options: [
      ...CREATE_OPTIONS,
      { name: "detach", short: "d", kind: "boolean", help: "do not wait for the container" },
      { name: "keep", kind: "boolean", help: "do not delete the container when it has exited" },
    ],
  },
  exec: {
    summary: "run an additional process in a container",
    details:
      "Without --process, the process has the settings of the container's own process, changed by COMMAND and the options. " +
      "Exits with the status of the process, unless detached, and with 255 when the process could not be run.",
    positionals: [ID, { name: "COMMAND", optional: true, repeated: true }],
    options: EXEC_OPTIONS,
    stopAtPositional: true,
  },
  state: {
    summary: "print the state of a container as JSON",
    positionals: [ID],
    options: [],
  },
  kill: {
    summary: "send a signal to a container",
    details:
      "SIGNAL is a number or a name, with or without SIG: 9, KILL, SIGRTMIN+3. The default is TERM.",
    positionals: [ID, { name: "SIGNAL", optional: true }],
    options: [
      {
        name: "all",
        short: "a",
        kind: "boolean",
        help: "send the signal to all processes of the container, even if its init has ended",
      },
      REGEX,
    ],
  },
  delete: {
    summary: "delete a stopped container",
    positionals: [ID],
    options: [
      {
        name: "force",
        short: "f",
        kind: "boolean",
        help: "kill the container first; a missing container is not an error",
      },
      REGEX,
    ],
  },
  pause: {
    summary: "suspend all processes of a container",
    positionals: [ID],
    options: [],
  },
  resume: {
    summary: "resume all processes of a paused container",
    positionals: [ID],
    options: [],
  },
  ps: {
    summary: "show the processes of a container",
    details:
      "Everything after ID is passed to the host's ps; the default is -ef. The host's ps sees only the VMM of a microVM. The " +
      "format table therefore shows the guest's processes of a microVM, and takes no PS_OPTION then.",
    positionals: [ID, { name: "PS_OPTION", optional: true, repeated: true }],
    options: [
      {
        name: "format",
        short: "f",
        kind: "string",
        placeholder: "FORMAT",
        choices: ["table", "json", "host", "guest"],
        default: "table",
        help:
          "table is for people, host is the output of the host's ps, json lists the process ids on the host, guest is JSON " +
          "from the guest of a microVM",
      },
    ],
    stopAtPositional: true,
  },
  events: {
    summary: "print statistics and out-of-memory events of a container as JSON",
    details: "Prints one event per line until the container stops.",
    positionals: [ID],
    options: [
      {
        name: "interval",
        kind: "string",
        placeholder: "DURATION",
        default: "5s",
        help: "time between statistics, such as 500ms or 1m30s",
      },
      { name: "stats", kind: "boolean", help: "print the statistics once and exit" },
    ],
  },
  update: {
    summary: "change the limits of a container",
    details:
      "Either all limits are changed or none. Sizes are in bytes or have a unit, such as 512m or 1.5g; -1 means unlimited.",
    positionals: [ID],
    options: [
      {
        name: "resources",
        short: "r",
        kind: "string",
        placeholder: "FILE",
        help:
          "read the limits from FILE, a JSON object like linux.resources, or from standard input if FILE is -",
      },
      limit("memory", "BYTES", "memory limit"),
      limit("memory-reservation", "BYTES", "soft limit of memory"),
      limit("memory-swap", "BYTES", "limit of memory and swap together"),
      limit("kernel-memory", "BYTES", "accepted and ignored; Linux no longer has this limit"),
      limit("kernel-memory-tcp", "BYTES", "accepted and ignored; Linux no longer has this limit"),
      limit("cpu-share", "N", "CPU shares relative to other containers, 2 to 262144"),
      limit("cpu-quota", "MICROSECONDS", "CPU time in each period"),
      limit("cpu-period", "MICROSECONDS", "length of a period"),
      limit("cpu-burst", "MICROSECONDS", "unused CPU time that may be saved for bursts"),
      limit("cpu-rt-runtime", "MICROSECONDS", "realtime CPU time in each realtime period"),
      limit("cpu-rt-period", "MICROSECONDS", "length of a realtime period"),
      limit("cpu-idle", "N", "1 for idle scheduling, 0 for normal scheduling"),
      limit("cpuset-cpus", "LIST", "CPUs to run on, such as 0-3,7"),
      limit("cpuset-mems", "LIST", "memory nodes to use"),
      limit("pids-limit", "N", "maximum number of processes and threads, -1 for unlimited"),
      limit("blkio-weight", "N", "block I/O weight, 10 to 1000"),
      limit("l3-cache-schema", "SCHEMA", "L3 cache schema of the container's resctrl group"),
      limit("mem-bw-schema", "SCHEMA", "memory bandwidth schema of the container's resctrl group"),
    ],
  },
  checkpoint: CHECKPOINT,
  restore: RESTORE,
  list: {
    summary: "list the containers",
    positionals: [],
    options: [
      {
        name: "format",
        short: "f",
        kind: "string",
        placeholder: "FORMAT",
        choices: ["table", "json"],
        default: "table",
        help: "format of the list",
      },
      { name: "quiet", short: "q", kind: "boolean", help: "print ids only" },
    ],
  },
  spec: {
    summary: "write a default config.json",
    positionals: [],
    options: [
      BUNDLE,
      {
        name: "file",
        short: "f",
        kind: "string",
        placeholder: "FILE",
        default: "config.json",
        help: "the file to write, relative to the bundle",
      },
      { name: "rootless", kind: "boolean", help: "for a container that an ordinary user runs" },
    ],
  },
  features: {
    summary: "print what this runtime supports as JSON",
    positionals: [],
    options: [],
  },
  doctor: {
    summary: "check whether this host can run containers and microVMs",
    details:
      "Reports what is missing, and changes nothing. Exits with 1 when the host cannot run microVMs.",
    positionals: [],
    options: [{ name: "json", kind: "boolean", help: "print the findings as JSON" }],
  },
  completion: {
    summary: "print a completion script for a shell",
    details: "SHELL is bash, zsh or fish. For bash: kago completion bash > " +
      "/usr/share/bash-completion/completions/kago",
    positionals: [{ name: "SHELL" }],
    options: [],
  },
  manual: {
    summary: "print a page of the kago manual, in the format of man(1)",
    details: "PAGE is a command, or microvm for kago-microvm(7). The default is kago(1).",
    positionals: [{ name: "PAGE", optional: true }],
    options: [
      {
        name: "output",
        kind: "string",
        placeholder: "DIR",
        help: "write all pages to DIR/man1 and DIR/man7 instead",
      },
    ],
  },
  plan: {
    summary: "print the operations that create would execute, without executing them",
    positionals: [{ name: "ID", optional: true }],
    options: [
      BUNDLE,
      {
        name: "diff",
        kind: "string",
        placeholder: "DIR",
        help: "print the differences from the plan of the bundle in DIR",
      },
      { name: "json", kind: "boolean", help: "print the plan as JSON" },
    ],
  },
} as const satisfies Readonly<Record<string, Command>>;

/** Aliases of commands, from youki. */
export const ALIASES: Readonly<Record<string, CommandName>> = { info: "doctor" };

export type CommandName = keyof typeof COMMANDS;
export type GlobalOptions = OptionValues<typeof GLOBAL_OPTIONS>;

/** A command with its parsed arguments; `positionals` has as many as the table requires. */
export type Invocation<C extends CommandName = CommandName> = {
  readonly [Name in C]: {
    readonly command: Name;
    readonly global: GlobalOptions;
    readonly options: OptionValues<(typeof COMMANDS)[Name]["options"]>;
    readonly positionals: readonly string[];
  };
}[C];
