/** The options before the command, and those that several commands share. Plain literals: see command_table.ts. */
import type { Option } from "./options.ts";

/** Every command accepts it too. */
export const HELP_OPTION = {
  name: "help",
  short: "h",
  kind: "boolean",
  help: "print this help",
} as const satisfies Option;

/** Options before the command. */
export const GLOBAL_OPTIONS = [
  {
    name: "root",
    kind: "string",
    placeholder: "DIR",
    help: "directory for the state of containers, preferably on a tmpfs",
  },
  {
    name: "log",
    kind: "string",
    placeholder: "FILE",
    help:
      "append log entries to FILE instead of stderr; journald:NAME and syslog:NAME log to journald and syslog",
  },
  {
    name: "log-format",
    kind: "string",
    placeholder: "FORMAT",
    choices: ["text", "json"],
    help: "format of log entries; the default is text, or plain sentences at a terminal",
  },
  {
    name: "log-level",
    kind: "string",
    placeholder: "LEVEL",
    choices: ["debug", "info", "warning", "warn", "error"],
    default: "info",
    help: "lowest level of the entries that are logged",
  },
  { name: "debug", kind: "boolean", help: "the same as --log-level debug" },
  {
    name: "handler",
    kind: "string",
    placeholder: "NAME",
    help: "handler that runs containers, such as krun for microVMs",
  },
  {
    name: "libkrun",
    kind: "string",
    placeholder: "FILE",
    help:
      "libkrun library to load for microVMs, writable by root only; by default the dynamic linker finds it",
  },
  {
    name: "allow-annotation",
    kind: "list",
    placeholder: "NAME",
    help: "let containers set an annotation that needs the administrator's permission",
  },
  {
    name: "cgroup-manager",
    kind: "string",
    placeholder: "MANAGER",
    choices: ["cgroupfs", "systemd", "disabled"],
    help: "cgroup manager for containers",
  },
  {
    name: "systemd-cgroup",
    kind: "boolean",
    help: "the same as --cgroup-manager systemd; cgroupsPath is then SLICE:PREFIX:NAME",
  },
  {
    name: "rootless",
    kind: "string",
    placeholder: "WHEN",
    choices: ["true", "false", "auto"],
    default: "auto",
    help: "whether to ignore missing permissions on cgroups",
  },
  {
    name: "criu",
    kind: "string",
    placeholder: "PROGRAM",
    help: "criu program for checkpoint and restore, by name or path; the default is criu",
  },
  { name: "version", short: "v", alias: "V", kind: "boolean", help: "print the version" },
  HELP_OPTION,
] as const satisfies readonly Option[];

export const BUNDLE = {
  name: "bundle",
  short: "b",
  kind: "string",
  placeholder: "DIR",
  default: ".",
  help: "the bundle directory",
} as const satisfies Option;

export const CONSOLE_SOCKET = {
  name: "console-socket",
  kind: "string",
  placeholder: "SOCKET",
  help: "unix socket that receives the terminal's file descriptor",
} as const satisfies Option;

export const PIDFD_SOCKET = {
  name: "pidfd-socket",
  kind: "string",
  placeholder: "SOCKET",
  help: "unix socket that receives a pidfd of the process, before its program runs",
} as const satisfies Option;

export const PRESERVE_FDS = {
  name: "preserve-fds",
  kind: "number",
  placeholder: "N",
  default: 0,
  help:
    "pass N additional file descriptors to the container, starting at 3 (create, run: after those of LISTEN_FDS)",
} as const satisfies Option;

export const NO_SUBREAPER = {
  name: "no-subreaper",
  kind: "boolean",
  help: "do not become the subreaper of the container's orphaned processes",
} as const satisfies Option;

export const ID = { name: "ID" } as const;
