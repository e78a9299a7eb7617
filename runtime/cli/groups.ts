/** Groups of commands and options, with headings, for help. */
import type { CommandName } from "./command_table.ts";

export type Groups<Name extends string = string> = readonly (readonly [
  heading: string,
  names: readonly Name[],
])[];

export const COMMAND_GROUPS: Groups<CommandName> = [
  ["Container lifecycle", ["create", "start", "run", "kill", "delete", "pause", "resume"]],
  ["Processes and resources", ["exec", "ps", "events", "update"]],
  ["Container information", ["list", "state"]],
  ["Checkpoints", ["checkpoint", "restore"]],
  ["Bundles and this host", ["spec", "plan", "features", "doctor"]],
  ["kago itself", ["completion", "manual"]],
];

export const GLOBAL_GROUPS: Groups = [
  ["Global options for state and logging", ["root", "log", "log-format", "log-level", "debug"]],
  ["Global options for handlers and programs", ["handler", "libkrun", "allow-annotation", "criu"]],
  ["Global options for cgroups", ["cgroup-manager", "systemd-cgroup", "rootless"]],
  ["Other global options", ["version", "help"]],
];

const OF_CREATE: Groups = [
  ["The container", [
    ...["bundle", "config", "no-pivot", "no-new-keyring", "lsm-profile", "lsm-mount-context"],
  ]],
  ["Terminal and file descriptors", ["console-socket", "preserve-fds"]],
];
const FOR_THE_CALLER: Groups = [
  ["Process supervision", [
    "detach",
    "keep",
    "pid-file",
    "pidfd-socket",
    "status-fd",
    "no-subreaper",
  ]],
];

const OF_CRIU: Groups = [
  ["The checkpoint", [
    ...["image-path", "work-path", "parent-path", "pre-dump", "leave-running"],
    ...["auto-dedup", "lazy-pages", "page-server"],
  ]],
  ["Connections, sessions and files", [
    ...["tcp-established", "tcp-close", "tcp-skip-in-flight", "ext-unix-sk", "shell-job"],
    ...["file-locks", "link-remap"],
  ]],
  ["Namespaces and cgroups", ["manage-cgroups-mode", "empty-ns"]],
];

/** For the commands with many options. */
export const OPTION_GROUPS: Readonly<Partial<Record<CommandName, Groups>>> = {
  create: [...OF_CREATE, ...FOR_THE_CALLER],
  run: [...OF_CREATE, ...FOR_THE_CALLER],
  exec: [
    ["The process", [
      ...["process", "env", "cwd", "user", "additional-gids", "cgroup", "ignore-paused"],
    ]],
    ["Privileges", ["cap", "no-new-privs", "apparmor", "process-label"]],
    ["Terminal and file descriptors", ["tty", "console-socket", "preserve-fds"]],
    ...FOR_THE_CALLER,
  ],
  update: [
    ["All limits at once", ["resources"]],
    ["Memory", [
      ...["memory", "memory-reservation", "memory-swap", "kernel-memory", "kernel-memory-tcp"],
    ]],
    ["CPU", [
      ...["cpu-share", "cpu-quota", "cpu-period", "cpu-burst", "cpu-rt-runtime", "cpu-rt-period"],
      ...["cpu-idle", "cpuset-cpus", "cpuset-mems"],
    ]],
    ["Processes, disks and caches", [
      ...["pids-limit", "blkio-weight", "l3-cache-schema", "mem-bw-schema"],
    ]],
  ],
  checkpoint: [...OF_CRIU, ...FOR_THE_CALLER],
  restore: [...OF_CREATE, ...OF_CRIU, ...FOR_THE_CALLER],
};

/**
 * The members of `all` in their groups, in the order of the groups; members without a group come last, under `heading`.
 * @param nameOf the name of a member in the groups
 */
export function inGroups<T>(
  all: readonly T[],
  groups: Groups,
  nameOf: (member: T) => string,
  heading: string,
): (readonly [heading: string, members: readonly T[]])[] {
  const grouped = groups.map(([title, names]) =>
    [title, names.flatMap((name) => all.filter((member) => nameOf(member) === name))] as const
  );
  const named = new Set(groups.flatMap(([, names]) => names));
  const others = all.filter((member) => !named.has(nameOf(member)));
  return [...grouped, [heading, others] as const].filter(([, members]) => members.length > 0);
}
