/** The commands that criu carries out. Plain literals: see command_table.ts. */
import { BUNDLE, CONSOLE_SOCKET, ID, NO_SUBREAPER } from "./common_options.ts";
import type { Command, Option } from "./options.ts";

/** What `checkpoint` and `restore` share. */
const CRIU_OPTIONS = [
  {
    name: "image-path",
    kind: "string",
    placeholder: "DIR",
    default: "checkpoint",
    help: "the directory of the checkpoint",
  },
  {
    name: "work-path",
    kind: "string",
    placeholder: "DIR",
    help: "the directory for criu's logs, where it is not that of the checkpoint",
  },
  {
    name: "tcp-established",
    kind: "boolean",
    help: "keep open TCP connections; without it they are refused",
  },
  { name: "tcp-close", kind: "boolean", help: "let the container find its TCP connections closed" },
  { name: "ext-unix-sk", kind: "boolean", help: "accept unix sockets to processes outside" },
  { name: "shell-job", kind: "boolean", help: "accept a process of a session outside" },
  { name: "file-locks", kind: "boolean", help: "keep locks on files" },
  {
    name: "manage-cgroups-mode",
    kind: "string",
    placeholder: "MODE",
    choices: ["soft", "full", "strict", "ignore"],
    default: "soft",
    help: "what criu does about cgroups (criu(8), --manage-cgroups)",
  },
  {
    name: "empty-ns",
    kind: "list",
    placeholder: "TYPE",
    help: "make a namespace of this type, network, and leave it empty",
  },
  {
    name: "auto-dedup",
    kind: "boolean",
    help: "remove from earlier images what later ones have too",
  },
  { name: "lazy-pages", kind: "boolean", help: "bring memory back when it is asked for" },
] as const satisfies readonly Option[];

export const CHECKPOINT = {
  summary: "checkpoint a running container with criu",
  details: "The container is deleted afterwards, unless it is left running; restore makes it anew.",
  positionals: [ID],
  options: [
    ...CRIU_OPTIONS,
    { name: "leave-running", kind: "boolean", help: "let the container go on afterwards" },
    {
      name: "pre-dump",
      kind: "boolean",
      help: "write down memory alone, ahead of the checkpoint, and let the container go on",
    },
    {
      name: "parent-path",
      kind: "string",
      placeholder: "DIR",
      help: "the directory of an earlier pre-dump, relative to that of the checkpoint",
    },
    { name: "link-remap", kind: "boolean", help: "accept open files that have been deleted" },
    {
      name: "tcp-skip-in-flight",
      kind: "boolean",
      help: "leave out TCP connections that are being made",
    },
    {
      name: "page-server",
      kind: "string",
      placeholder: "ADDRESS:PORT",
      help: "send memory to a criu page-server",
    },
    {
      name: "status-fd",
      kind: "number",
      placeholder: "FD",
      help: "write a NUL to this descriptor when lazy pages can be asked for",
    },
  ],
} as const satisfies Command;

export const RESTORE = {
  summary: "restore a container from a checkpoint with criu",
  details: "Waits for the container's process and exits with its status, unless detached.",
  positionals: [ID],
  options: [
    BUNDLE,
    ...CRIU_OPTIONS,
    { name: "detach", short: "d", kind: "boolean", help: "do not wait for the container" },
    CONSOLE_SOCKET,
    {
      name: "pid-file",
      kind: "string",
      placeholder: "FILE",
      help: "write the process id of the container's init to FILE",
    },
    NO_SUBREAPER,
    {
      name: "no-pivot",
      kind: "boolean",
      help: "accepted and ignored: how to enter the root filesystem is criu's to know",
    },
    {
      name: "lsm-profile",
      kind: "string",
      placeholder: "TYPE:NAME",
      help: "the profile instead of the one at the checkpoint, such as apparmor:NAME",
    },
    {
      name: "lsm-mount-context",
      kind: "string",
      placeholder: "CONTEXT",
      help: "the SELinux context of mounts instead of the one at the checkpoint",
    },
  ],
} as const satisfies Command;
