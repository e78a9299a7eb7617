/** A message for each operation that can fail, from its fields and the state of its paths. Pure. */
import {
  EACCES,
  EAGAIN,
  EEXIST,
  EINVAL,
  ELOOP,
  ENAMETOOLONG,
  ENODEV,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  EPERM,
  EXDEV,
} from "../common/errno.ts";
import { describeErrno } from "../common/errors.ts";
import { cannotBeMounted } from "../plan/filesystem.ts";
import { type ContainerStage, NO_SLOT, type Op, type OpName, OPS, PROCFS } from "../plan/op.ts";
import { quoted } from "../common/quoted.ts";
import { type Finding, hookProblem, wrongWith } from "./op_findings.ts";

/** The kernel's error for one operation. */
export interface OpFailure {
  readonly errno: number;
  readonly stage: ContainerStage;
  readonly findings: readonly Finding[];
}

/**
 * A field below the operation's place in config.json, or empty for the place itself; the problem; an errno that is more
 * precise than the kernel's.
 */
export type Told = readonly [field: string, problem: string, errno?: number];

/** The message for any operation. */
export function inWords(op: Op, failure: OpFailure): Told {
  const told = WORDS[op.op] as Words<OpName> | undefined;
  const words = told?.(op as never, new Paths(op, failure), failure.errno) ??
    `a step of the set-up failed: ${op.op}`;
  return typeof words === "string" ? ["", words] : words;
}

/** The findings of one operation by the names of its fields. */
class Paths {
  constructor(private readonly op: Op, private readonly failure: OpFailure) {}

  get all(): readonly Finding[] {
    return this.failure.findings;
  }

  of(name: string): Finding | undefined {
    const field = Object.keys(OPS[this.op.op]).indexOf(name);
    return this.failure.findings.find((finding) => finding.field === field);
  }

  /** The problem with the path itself; undefined if the whole path exists. */
  wrong(name: string): string | undefined {
    const finding = this.of(name);
    return finding && wrongWith(finding, this.#whole(name));
  }

  /** As wrong(), for a path that must be a folder. */
  noFolder(name: string): string | undefined {
    const finding = this.of(name);
    return finding?.found === "file"
      ? `${quoted(finding.text)} is not a directory`
      : this.wrong(name);
  }

  /** As wrong(), for a path that is created if it is missing. */
  unmade(name: string): string | undefined {
    const finding = this.of(name);
    if (finding?.found !== "missing") return this.wrong(name);
    const whole = this.#whole(name);
    const part = `${quoted(finding.text)} cannot be created`;
    return finding.text === whole ? part : `${quoted(whole)}: ${part}`;
  }

  #whole(name: string): string {
    return `${(this.op as unknown as Record<string, unknown>)[name]}`;
  }
}

/** The operations that mount something. */
export type MountOpName = "mount" | "mountByName" | "bind";

type OpOf<N extends OpName> = Extract<Op, { op: N }>;
type Words<N extends OpName> = (
  op: OpOf<N>,
  paths: Paths,
  errno: number,
) => string | Told | undefined;

const USERNS_LIMIT = "a limit of the host (/proc/sys/user/max_*_namespaces) is reached";

function bindWords({ source, target, slot }: OpOf<"bind">, paths: Paths, errno: number): Told {
  const bad = slot === NO_SLOT ? paths.wrong("source") : undefined;
  if (bad) return [".source", bad];
  const [from, to] = [paths.of("source")?.found, paths.of("target")?.found];
  if (errno === EXDEV) return [".destination", `${quoted(target)} cannot be a mount point`];
  if (errno === ENOTDIR && to === "file") {
    return [
      ".destination",
      `${quoted(target)} is not a directory, but its source ${quoted(source)} is`,
    ];
  }
  if ([ENOTDIR, EINVAL].includes(errno) && to === "folder" && from === "file") {
    const problem = `${quoted(target)} is a directory, its source ${quoted(source)} is not`;
    // ENOTDIR is mount(2)'s error, which engines look for; move_mount(2) returns EINVAL.
    return [".destination", problem, ENOTDIR];
  }
  const unmade = paths.unmade("target");
  if (unmade) return [".destination", unmade];
  if (errno === EINVAL) {
    return ["", `${quoted(source)} cannot be bound on ${quoted(target)} with these options`];
  }
  return ["", `${quoted(source)} cannot be bound on ${quoted(target)}`];
}

function mountWords(op: OpOf<"mount" | "mountByName">, paths: Paths, errno: number): Told {
  const { fstype, target } = op;
  if (errno === ENODEV) return [".type", `this kernel has no filesystem ${quoted(fstype)}`];
  const option = paths.of(op.op === "mount" ? "options" : "data");
  if (option) {
    return [".options", `${quoted(option.text)} is not accepted by ${quoted(fstype)}`];
  }
  const unmade = paths.unmade("target");
  if (unmade) return [".destination", unmade];
  const bad = paths.wrong("source");
  if (bad) return [".source", bad];
  if (errno === ENOTDIR) return [".destination", `${quoted(target)} is not a directory`];
  if (errno === EPERM) {
    return ["", `${quoted(fstype)} cannot be mounted on ${quoted(target)} with these privileges`];
  }
  return ["", cannotBeMounted(op)];
}

function rootPathWords(path: string, paths: Paths, verb: string, field = "path"): string {
  return paths.unmade(field) ?? `${quoted(path)} cannot be ${verb}`;
}

function cwdWords(
  { path, make }: { path: string; make?: number },
  paths: Paths,
  errno: number,
): string {
  if (errno === EXDEV) return `${quoted(path)} is outside of the container's root`;
  const unmade = make ? paths.unmade("path") : undefined;
  return unmade ?? paths.noFolder("path") ?? `${quoted(path)} cannot be entered`;
}

function idWords(what: string, id: number, errno: number): string {
  return errno === EINVAL
    ? `${what} ${id} is not mapped in the container's user namespace`
    : `cannot switch to ${what} ${id}`;
}

/** AppArmor's labels begin with a keyword of its interface, such as `exec `. */
function labelWords(
  { file, label }: OpOf<"execLabel" | "threadLabel">,
  _: Paths,
  errno: number,
): string {
  const profile = label.replace(/^\w+ /, "");
  if (file === "current" && errno === EACCES) {
    return `the SELinux policy does not let kago's VMM become ${quoted(label)}`;
  }
  if (!file.startsWith("apparmor/")) return `the kernel does not accept the label ${quoted(label)}`;
  return errno === ENOENT
    ? `AppArmor does not know ${quoted(profile)}: load the profile, or leave it out`
    : `AppArmor does not accept ${quoted(profile)}`;
}

const CAPS_MISSING = "they cannot be set: the caller lacks some of them";

const WORDS: { readonly [N in OpName]?: Words<N> } = {
  writeFile: ({ path }, paths) => paths.wrong("path") ?? `${quoted(path)} cannot be written to`,
  setns: ({ path }, paths, errno) =>
    paths.wrong("path") ??
      (errno === EINVAL
        ? `${quoted(path)} is not a namespace of this type, or it cannot be entered`
        : `${quoted(path)} cannot be entered`),
  unshare: (_op, _paths, errno) =>
    errno === ENOSPC
      ? `no more namespaces can be created: ${USERNS_LIMIT}`
      : errno === EINVAL
      ? "this kernel lacks one of these namespaces"
      : errno === EPERM
      ? "the caller may not create these namespaces"
      : "these namespaces cannot be created",
  becomeRoot: (_op, _paths, errno) =>
    errno === EINVAL ? "user 0 or group 0 is not mapped" : "cannot become root of the namespace",
  cloneInit: (_op, _paths, errno) =>
    errno === EAGAIN
      ? "cannot create the container's process: a limit on processes is reached"
      : "cannot create the container's process",
  joinProcess: () => "cannot enter the container's namespaces",
  sessionKeyring: () => "cannot create a session keyring; use --no-new-keyring to run without one",
  loopbackUp: () => "the loopback device of the new network namespace cannot be brought up",
  propagation: ({ path }) => `the propagation of ${quoted(path)} cannot be set`,
  openRoot: ({ path }, paths) => paths.noFolder("path") ?? `${quoted(path)} cannot be mounted`,
  enterRoot: ({ path }, paths) =>
    paths.noFolder("path") ?? `${quoted(path)} cannot become the root`,
  mount: mountWords,
  mountByName: mountWords,
  bind: bindWords,
  openTree: ({ source }, paths) => [
    ".source",
    paths.wrong("source") ?? `${quoted(source)} cannot be cloned`,
  ],
  openRootTree: ({ path }, paths) => paths.wrong("path") ?? `${quoted(path)} cannot be cloned`,
  openSocketTree: ({ path }) => `the socket in place of ${quoted(path)} cannot be cloned`,
  idmapTree: (_op, _paths, errno) =>
    errno === EINVAL
      ? "the source's filesystem does not support id mappings"
      : "the source's ids cannot be mapped",
  idmapTreeLike: ({ namespace }, paths) =>
    paths.wrong("namespace") ?? `the source's ids cannot be mapped as in ${quoted(namespace)}`,
  remount: ({ target }, paths, errno) => [
    ".destination",
    paths.wrong("target") ??
      (errno === EINVAL
        ? `${quoted(target)} is not a mount point, or does not accept these options`
        : `${quoted(target)} cannot be remounted`),
  ],
  symlink: ({ path }, paths) => `the link ${rootPathWords(path, paths, "created")}`,
  mknod: ({ path }, paths, errno) =>
    errno === EEXIST
      ? `${quoted(path)} exists and is not this device`
      : errno === EINVAL
      ? `${quoted(path)} has invalid device numbers, or no name`
      : rootPathWords(path, paths, "created"),
  console: (_op, _paths, errno) =>
    errno === ENOENT || errno === EXDEV
      ? "no terminal can be opened: a devpts must be mounted on /dev/pts"
      : errno === ELOOP
      ? "no terminal can be opened: /dev/console or something in /dev/pts is a link"
      : "no terminal can be opened",
  sysctl: ({ key, value }, _paths, errno) =>
    errno === ENOENT
      ? `this kernel has no ${quoted(`/proc/sys/${key}`)}`
      : errno === EACCES || errno === EPERM
      ? `${quoted(`/proc/sys/${key}`)} is not writable`
      : `${quoted(`/proc/sys/${key}`)} does not accept ${quoted(value)}`,
  maskPath: ({ path }, paths) => rootPathWords(path, paths, "masked"),
  readonlyPath: ({ path }, paths) => rootPathWords(path, paths, "made read-only"),
  rootAttributes: () => "cannot set the options of the root",
  pivotRoot: (_op, _paths, errno) =>
    errno === EINVAL
      ? "cannot become the root: use --no-pivot if the host's root is an initramfs"
      : "cannot become the root",
  changeRoot: () => "cannot become the root",
  sethostname: ({ name }, _paths, errno) =>
    errno === EINVAL || errno === ENAMETOOLONG
      ? `${quoted(name)} is longer than the 64 bytes that the kernel accepts`
      : `the host name cannot be ${quoted(name)}`,
  setdomainname: ({ name }, _paths, errno) =>
    errno === EINVAL || errno === ENAMETOOLONG
      ? `${quoted(name)} is longer than the 64 bytes that the kernel accepts`
      : `the domain name cannot be ${quoted(name)}`,
  rlimit: ({ soft, hard }, _paths, errno) =>
    errno === EPERM
      ? `soft ${soft}, hard ${hard}: exceeds the caller's limit or the kernel's`
      : `soft ${soft}, hard ${hard} cannot be set`,
  raiseLimit: () => "the VMM's own limit cannot be raised",
  softLimit: ({ soft }) => `soft ${soft} cannot be set`,
  prepareCwd: cwdWords,
  chdir: cwdWords,
  capBounding: () => CAPS_MISSING,
  capset: () => CAPS_MISSING,
  capAmbient: () => CAPS_MISSING,
  setgroups: ({ gids }, _paths, errno) =>
    errno === EINVAL
      ? `one of the groups ${
        quoted(gids.join(", "))
      } is not mapped in the container's user namespace`
      : "the caller's user namespace allows no supplementary groups",
  setgid: ({ gid }, _paths, errno) => idWords("group", gid, errno),
  setuid: ({ uid }, _paths, errno) => idWords("user", uid, errno),
  ownStreams: ({ uid }, _paths, errno) =>
    errno === EINVAL
      ? idWords("user", uid, errno)
      : `the standard streams cannot be given to user ${uid}`,
  noNewPrivileges: () => "cannot be set",
  seccomp: (_op, _paths, errno) =>
    errno === EINVAL ? "this kernel does not accept the filter or its flags" : "cannot be loaded",
  hookFilter: (_op, _paths) => "the filter cannot be kept for hooks",
  sync: () => "the kago process has ended",
  keepCaps: () => "the capabilities of the process cannot be kept across the change of user",
  dropRoot: () => "the temporary root cannot be removed",
  krunOpen: () => "the files of libkrun cannot be opened",
  hook: ({ path }, paths, errno) => {
    const cwd = errno === ENOENT && paths.of("path")?.found === "file"
      ? paths.wrong("cwd")
      : undefined;
    const first = cwd ? paths.of("cwd") : paths.of("path");
    return hookProblem(path, errno, [...(first ? [first] : []), ...paths.all]);
  },
  ioPriority: () => "this I/O priority is not granted",
  scheduler: (_op, _paths, errno) =>
    errno === EPERM ? "CAP_SYS_NICE is needed for this" : "the kernel does not accept this",
  personality: () => "this kernel does not support this domain",
  memoryPolicy: () => "the kernel does not accept this policy with these nodes",
  cpuAffinity: (_op, _paths, errno) =>
    errno === EINVAL
      ? "none of these CPUs exists, or is in the container's cpuset"
      : "the kernel does not accept these CPUs",
  execLabel: labelWords,
  threadLabel: labelWords,
  fileLabel: ({ path, label }) => `${quoted(path)} cannot have the label ${quoted(label)}`,
  closeFds: () => "cannot close descriptors",
  reopenNull: () => "cannot open the container's /dev/null",
  awaitStart: () => "cannot wait for `start`",
  execVmm: () => "cannot start the VMM",
  agentDoor: ({ path }) => `cannot create the agent's socket in ${quoted(path)}`,
  agentFiles: () => "cannot create the agent's files",
  guestSession: () => "cannot reach the guest's agent",
  sessionTerminal: () => "no terminal can be opened",
  guestTerminal: () => "no terminal can be opened",
  guestConsole: () => "no terminal can be opened",
  guestDisk: ({ path }) =>
    `the guest's kernel has no disk ${quoted(path)}, or its node cannot be created`,
  guestLimits: () => "the guest's kernel cannot limit its processes",
  vmmTerminal: () => "the terminal cannot be made transparent",
  vmmStreams: () => "cannot pass the standard streams on to the guest",
  dumpable: () => "cannot make the process dumpable",
  setsid: () => "cannot create a session",
  criuSocket: () => "cannot create criu's socket",
  openAs: ({ path }) => `cannot open ${quoted(path)}`,
  bindHost: ({ source, target }) => `cannot bind ${quoted(source)} on ${quoted(target)}`,
  vmmDescriptors: () => "the VMM's descriptors cannot be mounted",
  kernelMountsReadonly: () => "the kernel's filesystems cannot be made read-only",
};

/** More precise than WORDS; engines look for these messages. */
export function findProgramProblem(file: string, errno: number): string {
  const name = quoted(file);
  if (errno === ENOENT && !file.includes("/")) {
    return `exec: ${name}: executable file not found in $PATH`;
  }
  return `exec: ${name}: ${describeErrno(errno)}`;
}

/** A mount that meets a procfs where it may not, or does not meet one where it must. */
export function procfsProblem({ target, procfs }: OpOf<MountOpName>): string {
  const why = procfs === PROCFS.source
    ? "accepts only a mount of type proc, or a bind mount of one"
    : "leads into a procfs, in which nothing may be mounted";
  return `${target} ${why}`;
}
