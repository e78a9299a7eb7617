/** The commands that use criu. Plain literals: see command_table.ts. */
import { BUNDLE, CONSOLE_SOCKET, ID, NO_SUBREAPER } from "./common_options.ts";
import type { Command, Option } from "./options.ts";

/** Options of both `checkpoint` and `restore`. */
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
    help: "the directory for criu's logs; by default that of the checkpoint",
  },
  {
    name: "tcp-established",
    kind: "boolean",
    help: "allow open TCP connections, which are an error otherwise",
  },
  { name: "tcp-close", kind: "boolean", help: "close the container's TCP connections" },
  {
    name: "ext-unix-sk",
    kind: "boolean",
    help: "allow unix sockets that are connected to processes outside of the container",
  },
  {
    name: "shell-job",
    kind: "boolean",
    help: "allow processes whose session leader is outside of the container",
  },
  { name: "file-locks", kind: "boolean", help: "allow file locks" },
  {
    name: "manage-cgroups-mode",
    kind: "string",
    placeholder: "MODE",
    choices: ["soft", "full", "strict", "ignore"],
    default: "soft",
    help: "how criu handles cgroups (criu(8), --manage-cgroups)",
  },
  {
    name: "empty-ns",
    kind: "list",
    placeholder: "TYPE",
    help: "create a namespace of this type (network) and leave it empty",
  },
  {
    name: "auto-dedup",
    kind: "boolean",
    help: "remove memory pages from earlier images that later ones contain",
  },
  { name: "lazy-pages", kind: "boolean", help: "restore memory pages on demand" },
] as const satisfies readonly Option[];

export const CHECKPOINT = {
  summary: "checkpoint a running container with criu",
  details:
    "Afterwards the container is deleted, unless --leave-running is given; restore creates it again.",
  positionals: [ID],
  options: [
    ...CRIU_OPTIONS,
    { name: "leave-running", kind: "boolean", help: "leave the container running afterwards" },
    {
      name: "pre-dump",
      kind: "boolean",
      help: "dump only the memory, ahead of the checkpoint, and leave the container running",
    },
    {
      name: "parent-path",
      kind: "string",
      placeholder: "DIR",
      help: "the directory of an earlier pre-dump, relative to the one of --image-path",
    },
    { name: "link-remap", kind: "boolean", help: "allow open files that have been deleted" },
    {
      name: "tcp-skip-in-flight",
      kind: "boolean",
      help: "skip TCP connections that are being established",
    },
    {
      name: "page-server",
      kind: "string",
      placeholder: "ADDRESS:PORT",
      help: "send memory pages to a criu page server",
    },
    {
      name: "status-fd",
      kind: "number",
      placeholder: "FD",
      help: "write a NUL byte to descriptor FD when lazy pages can be requested",
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
      help: "accepted and ignored; criu enters the root filesystem by itself",
    },
    {
      name: "lsm-profile",
      kind: "string",
      placeholder: "TYPE:NAME",
      help: "LSM profile to use instead of the checkpoint's, such as apparmor:NAME",
    },
    {
      name: "lsm-mount-context",
      kind: "string",
      placeholder: "CONTEXT",
      help: "SELinux mount context to use instead of the checkpoint's",
    },
  ],
} as const satisfies Command;
