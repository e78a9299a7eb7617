/**
 * Every command of kago; with common_options.ts the one source for parsing and help.
 * The names are runc's, then crun's, so that an engine can call kago in their place. Plain literals only: this is
 * read at each start.
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

/** What `create` and `run` share. */
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
    help: "move the root filesystem over / instead of pivot_root, for a host on a ramdisk",
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
    help: "read the process from FILE, in the form of config.json's process",
  },
  {
    name: "env",
    short: "e",
    kind: "list",
    placeholder: "NAME=VALUE",
    help: "add to the environment",
  },
  { name: "cwd", kind: "string", placeholder: "DIR", help: "the working directory" },
  {
    name: "user",
    short: "u",
    kind: "string",
    placeholder: "USER[:GROUP]",
    help: "who the process runs as, by number or by the container's names",
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
  { name: "no-new-privs", kind: "boolean", help: "let the process gain no privileges" },
  { name: "apparmor", kind: "string", placeholder: "PROFILE", help: "the AppArmor profile" },
  { name: "process-label", kind: "string", placeholder: "LABEL", help: "the SELinux label" },
  PRESERVE_FDS,
  {
    name: "cgroup",
    kind: "list",
    placeholder: "[CONTROLLER:]PATH",
    help: "run the process in an existing sub-cgroup of the container's",
  },
  { name: "ignore-paused", kind: "boolean", help: "accept a paused container" },
  NO_SUBREAPER,
] as const satisfies readonly Option[];

const REGEX = {
  name: "regex",
  short: "r",
  kind: "boolean",
  help: "ID is a regular expression; do it to all containers whose id matches",
} as const satisfies Option;

/** An option of `update`: a string, since its value may be negative, have a unit or be a list. */
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
      "Without --process the process is the container's own with COMMAND and the options given. " +
      "Exits with its status, unless detached, and with 255 when it could not be run.",
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
      "SIGNAL is a number or a name, with or without SIG: 9, KILL, SIGRTMIN+3. Default TERM.",
    positionals: [ID, { name: "SIGNAL", optional: true }],
    options: [
      {
        name: "all",
        short: "a",
        kind: "boolean",
        help: "send it to every process of the container, also when its init has ended",
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
        help: "kill the container first; no error when it does not exist",
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
      "All that follows ID goes to the host's ps, which is asked for -ef otherwise. It sees only the VMM of a microVM, so " +
      "table shows the guest's processes there, and takes no options for ps.",
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
          "table for people, host for the output of the host's ps, json for the host's process ids, guest for JSON of " +
          "what a microVM's guest says",
      },
    ],
    stopAtPositional: true,
  },
  events: {
    summary: "print what a container uses, and when it runs out of memory, as JSON",
    details: "One line an event, until the container stops.",
    positionals: [ID],
    options: [
      {
        name: "interval",
        kind: "string",
        placeholder: "DURATION",
        default: "5s",
        help: "time between two statistics, such as 500ms or 1m30s",
      },
      { name: "stats", kind: "boolean", help: "print the statistics once and exit" },
    ],
  },
  update: {
    summary: "change the limits of a container",
    details:
      "All of them are changed, or none. Sizes are bytes, or have a unit: 512m, 1.5g; -1 is unlimited.",
    positionals: [ID],
    options: [
      {
        name: "resources",
        short: "r",
        kind: "string",
        placeholder: "FILE",
        help:
          "read linux.resources as JSON from FILE, - for the standard input, instead of options",
      },
      limit("memory", "BYTES", "memory"),
      limit("memory-reservation", "BYTES", "memory that is kept from being reclaimed"),
      limit("memory-swap", "BYTES", "memory and swap together"),
      limit("kernel-memory", "BYTES", "accepted and ignored, as Linux has given it up"),
      limit("kernel-memory-tcp", "BYTES", "accepted and ignored, as Linux has given it up"),
      limit("cpu-share", "N", "CPU time in relation to other containers, 2 to 262144"),
      limit("cpu-quota", "MICROSECONDS", "CPU time in each period"),
      limit("cpu-period", "MICROSECONDS", "length of a period"),
      limit("cpu-burst", "MICROSECONDS", "unused CPU time that may be saved up"),
      limit("cpu-rt-runtime", "MICROSECONDS", "realtime CPU time in each realtime period"),
      limit("cpu-rt-period", "MICROSECONDS", "length of a realtime period"),
      limit("cpu-idle", "N", "1 for CPU time that no other container wants, 0 for the default"),
      limit("cpuset-cpus", "LIST", "CPUs to run on, such as 0-3,7"),
      limit("cpuset-mems", "LIST", "memory nodes to use"),
      limit("pids-limit", "N", "number of processes and threads, -1 for unlimited"),
      limit("blkio-weight", "N", "share of the disks' time, 10 to 1000"),
      limit(
        "l3-cache-schema",
        "SCHEMA",
        "line for the L3 cache in the container's own group of resctrl",
      ),
      limit("mem-bw-schema", "SCHEMA", "line for the memory bandwidth in that group"),
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
    summary: "write a config.json to start from",
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
      { name: "rootless", kind: "boolean", help: "for a container without root" },
    ],
  },
  features: {
    summary: "print what this runtime supports as JSON",
    positionals: [],
    options: [],
  },
  doctor: {
    summary: "tell whether this host can run microVMs, and if not what to do",
    details: "Looks, and changes nothing. The exit code is 1 when the host cannot run microVMs.",
    positionals: [],
    options: [{ name: "json", kind: "boolean", help: "print the findings as JSON" }],
  },
  completion: {
    summary: "print a shell's completion of kago's commands",
    details: "SHELL is bash, zsh or fish. For bash: kago completion bash > " +
      "/usr/share/bash-completion/completions/kago",
    positionals: [{ name: "SHELL" }],
    options: [],
  },
  manual: {
    summary: "print a page of kago's manual, for man(1)",
    details: "PAGE is a command, or microvm for kago-microvm(7); kago(1) without one.",
    positionals: [{ name: "PAGE", optional: true }],
    options: [
      {
        name: "output",
        kind: "string",
        placeholder: "DIR",
        help: "write all pages to man1 and man7 in DIR instead",
      },
    ],
  },
  plan: {
    summary: "print the operations that create would execute, and execute none",
    positionals: [{ name: "ID", optional: true }],
    options: [
      BUNDLE,
      {
        name: "diff",
        kind: "string",
        placeholder: "DIR",
        help: "print what is other in the plan of the bundle in DIR",
      },
      { name: "json", kind: "boolean", help: "print the plan as JSON" },
    ],
  },
} as const satisfies Readonly<Record<string, Command>>;

/** Other names of commands: youki's. */
export const ALIASES: Readonly<Record<string, CommandName>> = { info: "doctor" };

export type CommandName = keyof typeof COMMANDS;
export type GlobalOptions = OptionValues<typeof GLOBAL_OPTIONS>;

/** A command with its parsed arguments; `positionals` are as many as the table asks for. */
export type Invocation<C extends CommandName = CommandName> = {
  readonly [Name in C]: {
    readonly command: Name;
    readonly global: GlobalOptions;
    readonly options: OptionValues<(typeof COMMANDS)[Name]["options"]>;
    readonly positionals: readonly string[];
  };
}[C];
