/**
 * The operations that a plan is made of: the one source of names, fields and encodings. `helper-c/common/ops.gen.h` is
 * generated from this table, so the C side cannot drift. This module owns the vocabulary, not the encoding
 * (encode.ts) and not the choice of operations (the compile modules).
 */

/** `str` is UTF-8 without NUL, `bytes` anything, `strs`, `u32s` and `u64s` are lists. Booleans are u32 0 or 1. */
export const FIELD_TYPES = ["u32", "u64", "str", "bytes", "strs", "u32s", "u64s"] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** The opcode is the position in this table, from 1. */
export const OPS = {
  // ---- Intermediate: still on the host's files, on the way into the namespaces ----

  /** Writes `data` to an existing host file in one write(2). */
  writeFile: { path: "str", data: "str" },
  /** setns(2) by path; the kernel refuses a namespace that is not of type `nstype` (CLONE_NEW*). */
  setns: { path: "str", nstype: "u32" },
  /** unshare(2) of CLONE_NEW* flags. */
  unshare: { flags: "u32" },
  /** Tells Main that `point` (SYNC_POINTS) is reached and waits for its answer. */
  sync: { point: "u32" },
  /**
   * Becomes dumpable, or not again: files of /proc/PID belong to the process's user only while it is dumpable. Refused when
   * root runs kago, which does not need this.
   */
  dumpable: { on: "u32" },
  /** Takes uid and gid 0 of the user namespace just entered. */
  becomeRoot: {},
  /** clone3(2) with CLONE_PARENT: the child continues with the next stage, the parent exits. */
  cloneInit: {},

  // ---- Init: the root filesystem, resolved below the root by file descriptor ----

  /** setsid(2). */
  setsid: {},
  /** keyctl(2) KEYCTL_JOIN_SESSION_KEYRING. */
  sessionKeyring: { name: "str" },
  /** Brings the loopback device of a new network namespace up. */
  loopbackUp: {},
  /** mount(2) with MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE, with or without MS_REC, on a host path. */
  propagation: { path: "str", flags: "u32" },
  /**
   * Clones the mounts at `path` and mounts them over it; all `target`s are below this root from here on. `privateParent`
   * makes the mount below private first, `privateTree` the clone.
   */
  openRoot: { path: "str", privateParent: "u32", privateTree: "u32" },
  /**
   * A new filesystem by fsopen(2): `options` are `key=value` or flags, `attrs` MOUNT_ATTR_* of the mount, `takes` bits of
   * TAKES. `procfs` is one of PROCFS.
   */
  mount: {
    fstype: "str",
    source: "str",
    target: "str",
    options: "strs",
    attrs: "u64",
    propagation: "u32",
    noFollow: "u32",
    takes: "u32",
    procfs: "u32",
  },
  /** As `mount`, by mount(2), which takes longer options: `flags` are its MS_*, `data` its string of options. */
  mountByName: {
    fstype: "str",
    source: "str",
    target: "str",
    flags: "u32",
    data: "str",
    attrs: "u64",
    propagation: "u32",
    noFollow: "u32",
    takes: "u32",
    procfs: "u32",
  },
  /**
   * A bind mount by open_tree(2); attributes as of mount_setattr(2), `rec*` for the whole subtree. `attrsUnnamed` are
   * cleared too, except those that the owner of the mount has locked. With a `slot` that is not NO_SLOT it takes the tree
   * that openTree put there. `procfs` is one of PROCFS, `links` of LINKS.
   */
  bind: {
    source: "str",
    target: "str",
    recursive: "u32",
    attrsSet: "u64",
    attrsClear: "u64",
    attrsUnnamed: "u64",
    recAttrsSet: "u64",
    recAttrsClear: "u64",
    propagation: "u32",
    slot: "u32",
    noFollow: "u32",
    procfs: "u32",
    links: "u32",
  },
  /** mount_setattr(2) and propagation on the existing mount at `target`; attributes as in `bind`. */
  remount: {
    target: "str",
    attrsSet: "u64",
    attrsClear: "u64",
    attrsUnnamed: "u64",
    recAttrsSet: "u64",
    recAttrsClear: "u64",
    propagation: "u32",
  },
  /** symlinkat(2); an existing file is kept, unless `replace`. */
  symlink: { target: "str", path: "str", replace: "u32" },
  /** mknodat(2), or a bind of the host's node where mknod is not permitted (user namespaces). */
  mknod: {
    path: "str",
    mode: "u32",
    major: "u32",
    minor: "u32",
    uid: "u32",
    gid: "u32",
  },
  /** Opens a pseudoterminal of the root's devpts, sends its master to Main, binds it on /dev/console if asked, and takes it. */
  console: { rows: "u32", columns: "u32", uid: "u32", bind: "u32" },
  /** Writes a value below /proc/sys; `key` is in slash form (`net/ipv4/ip_forward`). */
  sysctl: { key: "str", value: "str" },
  /**
   * Hides a path: mounts an empty read-only tmpfs, with an SELinux `context` unless that is empty, over a folder, /dev/null over
   * a file. Missing paths are ignored. All folders share the tmpfs of the first, and its context.
   */
  maskPath: { path: "str", context: "str" },
  /** Binds a path read-only on itself; the root becomes read-only without a bind. Missing paths are ignored. */
  readonlyPath: { path: "str" },
  /** mount_setattr(2) on the root itself; attributes as in `bind`. */
  rootAttributes: { attrsSet: "u64", attrsUnnamed: "u64", propagation: "u32" },
  /** Replaces Init by the VMM's program, which inherits the plan, the root and the channels to Main. */
  execVmm: { env: "strs" },
  /** pivot_root(2) into the root, and detaches the old root. */
  pivotRoot: {},
  /** chroot(2) into the root, if pivot_root cannot work (initramfs) or there is no new mount namespace. */
  changeRoot: { moveMount: "u32" },

  // ---- Init: the process ----

  sethostname: { name: "str" },
  setdomainname: { name: "str" },
  /** Raises a hard limit, never lowers it. */
  hardLimit: { resource: "u32", hard: "u64" },
  /** setrlimit(2). */
  rlimit: { resource: "u32", soft: "u64", hard: "u64" },
  /** Lowers a soft limit to the caller's, and keeps the hard one. */
  softLimit: { resource: "u32", soft: "u64" },
  umask: { mask: "u32" },
  /** Enters the working directory while still privileged, if that is possible; with `make` it is made if missing. */
  prepareCwd: { path: "str", make: "u32" },
  /** chdir(2), unless prepareCwd has done it; the result must be inside the root (CVE-2024-21626). */
  chdir: { path: "str" },
  /** Drops from the bounding set all capabilities that are not in `mask`. */
  capBounding: { mask: "u64" },
  /** PR_SET_KEEPCAPS, so that the next setuid keeps the permitted set. */
  keepCaps: {},
  setgroups: { gids: "u32s" },
  setgid: { gid: "u32" },
  setuid: { uid: "u32" },
  capset: { effective: "u64", permitted: "u64", inheritable: "u64" },
  capAmbient: { mask: "u64" },
  noNewPrivileges: {},
  /** Closes every descriptor from 3 + `preserve` on that is not the stage's own. */
  closeFds: { preserve: "u32" },
  /** Finds the program that `exec` will run, by `search` (the value of PATH) unless `file` has a slash. */
  findProgram: { file: "str", search: "str" },
  /** Tells Main that all is ready and waits for `start`. */
  awaitStart: {},
  exec: { args: "strs", env: "strs" },
  /** seccomp(2) with SECCOMP_SET_MODE_FILTER: `filter` is an array of struct sock_filter, `flags` SECCOMP_FILTER_FLAG_*. */
  seccomp: { filter: "bytes", flags: "u32" },
  /**
   * Runs a hook with the container's state, of index `state` among those that Main sent at the last sync, on its stdin;
   * `timeout` in milliseconds, 0 for none; an empty `cwd` is the stage's own. With `home` it also gets the HOME that was found.
   * `wantedBy` is its place in config.json, for errors of `start`.
   */
  hook: {
    path: "str",
    args: "strs",
    env: "strs",
    timeout: "u32",
    state: "u32",
    cwd: "str",
    home: "u32",
    wantedBy: "str",
  },
  /** The filter for all later hooks, as in `seccomp`; it does not apply to this process yet. */
  hookFilter: { filter: "bytes", flags: "u32" },
  /** ioprio_set(2) of this process; class in bits 13 to 15. */
  ioPriority: { value: "u32" },
  /** sched_setattr(2); `nice` as an unsigned number, times in nanoseconds. */
  scheduler: {
    policy: "u32",
    flags: "u64",
    nice: "u32",
    priority: "u32",
    runtime: "u64",
    deadline: "u64",
    period: "u64",
  },
  /** personality(2). */
  personality: { persona: "u32" },
  /** set_mempolicy(2); `nodes` is the mask of nodes in words of 32 bits. */
  memoryPolicy: { mode: "u32", nodes: "u32s" },
  /** Looks for the home of `uid` in the root's /etc/passwd; `exec` adds it as HOME. */
  findHome: { uid: "u32" },
  /** Clones the mounts at `source` (open_tree(2)) for a later bind: before entering a user namespace that may not access them. */
  openTree: { source: "str", recursive: "u32", slot: "u32", links: "u32" },
  /** Maps the ids of the tree in a slot (mount_setattr(2) MOUNT_ATTR_IDMAP); maps as in /proc/PID/uid_map. */
  idmapTree: { slot: "u32", uidMap: "str", gidMap: "str", recursive: "u32" },
  /** The same with the maps of the user namespace at `namespace`. */
  idmapTreeLike: { slot: "u32", namespace: "str", recursive: "u32" },
  /** Writes the label for the next exec to a file of /proc/self/attr. */
  execLabel: { file: "str", label: "str" },
  /** As execLabel, but for every thread, and for a label that applies at once. */
  threadLabel: { file: "str", label: "str" },
  /** Sets the SELinux label of the folder at `path`, for a filesystem that accepts none when it is mounted. */
  fileLabel: { path: "str", label: "str" },

  // ---- For a microVM's guest agent ----

  /** Creates the door in the host's folder `path`: the socket for kago's commands to the agent (helper-c/vmm/door.c). */
  agentDoor: { path: "str" },
  /**
   * Creates two folders that only the VMM holds: the guest's own root, with the agent and its `plan`, and the folder for the
   * agent's socket, which belongs to the VMM's user and where libkrun creates the socket. `context` is the SELinux label of
   * both, which the VMM's label may read, or empty.
   */
  agentFiles: { plan: "bytes", uid: "u32", gid: "u32", context: "str" },
  /**
   * In the guest: clones the mounts at `path` below the root, for a later bind over a mount that will hide them; with
   * `noFollow`, a link at the end of the path itself.
   */
  openRootTree: { path: "str", recursive: "u32", slot: "u32", noFollow: "u32" },
  /**
   * In the guest: clones the socket that the agent has made in place of the host's at `path` below the root, for a later
   * bind over it. `socket` is its index in hostSockets, from 0 in the order of the plan.
   */
  openSocketTree: { path: "str", slot: "u32", socket: "u32" },
  /**
   * In the guest: opens a pseudoterminal of the container's devpts, sends its master to the agent, binds it on /dev/console, and
   * takes it.
   */
  guestConsole: { uid: "u32" },
  /** In the guest: makes the node of a disk in the root, with the numbers and at the path that it has in the agent's devtmpfs. */
  guestDisk: { path: "str" },
  /** In the guest: limits the cgroup of its processes, in bytes and microseconds; 0 for no limit of the kind. */
  guestLimits: { memory: "u64", quota: "u64", period: "u64" },
  /** setns(2) by the pidfd of the container's Init: all of these CLONE_NEW* at once. */
  joinProcess: { namespaces: "u32" },
  /** chroot(2) to a path of the host, where the container has no mount namespace. */
  enterRoot: { path: "str" },
  /** sched_setaffinity(2); `cpus` is the mask in words of 32 bits. */
  cpuAffinity: { cpus: "u32s" },
  /** In the guest: opens a pseudoterminal of the container's devpts, sends its master to the session, and takes it. */
  guestTerminal: { rows: "u32", columns: "u32", uid: "u32" },
  /** Opens a pseudoterminal of the host for a process in the guest, sends its master to Main, and takes it. */
  sessionTerminal: { rows: "u32", columns: "u32" },
  /**
   * Sends a plan to the agent whose socket is in `folder`, and becomes the session process: it has the streams of the process
   * in the guest, forwards signals, and exits with its exit code.
   */
  guestSession: { folder: "str", plan: "bytes", terminal: "u32" },

  // ---- For criu, which runs in place of an Intermediate ----

  /** mount(2) with MS_BIND and MS_REC of one path of the host on another, and mount_setattr(2) of the mount. */
  bindHost: { source: "str", target: "str", attrsSet: "u64" },
  /** Unmounts the root that openRoot mounted, with everything mounted below it. */
  dropRoot: {},
  /** Opens a path of the host for the next program, as this descriptor. */
  openAs: { path: "str", fd: "u32" },
  /**
   * Creates the socket of `criu swrk`, and sends one end to Main. criu looks up descriptors in the process that created the
   * socket, which must therefore be criu itself.
   */
  criuSocket: { fd: "u32" },

  // ---- Init again ----

  /**
   * Reopens standard streams that are the host's null device in the root: the container could change the mode of the host's,
   * and criu does not find it in the container's mounts.
   */
  reopenNull: {},
  /** fchown(2) of the standard streams that are pipes, or files open for writing: /dev/stdout can be opened by its owner. */
  ownStreams: { uid: "u32" },

  // ---- The VMM: libkrun, in its own terms; `wantedBy` is the place in config.json, for words about a failure ----

  /**
   * Opens those of the host's files that exist, all of which only root may be able to write; at most 14 that are loaded
   * before libkrun, and two of libkrun itself.
   */
  krunOpen: { before: "strs", libraries: "strs" },
  /**
   * Loads those of `before` that can be loaded, then the first such of `libraries`. krunOpen has opened a path; the dynamic
   * linker finds a name. With an `abi` of 1 it creates a context; with 2 it also loads libkrun_init, if it exists.
   */
  krunLoad: { before: "strs", libraries: "strs", abi: "u32" },
  /**
   * Starts passt(1) in the container's namespaces, and waits until it is ready. If they have no network, the operation fails,
   * or with `mayLack` the VM is isolated.
   */
  krunPasst: { program: "str", args: "strs", mayLack: "u32" },
  /** Opens /dev/kvm once, as the container's user. */
  krunKvm: {},
  /**
   * Calls a function of libkrun: `kinds` has one of KRUN_ARGUMENTS for each argument, which uses the next of `numbers` and
   * `texts` according to its kind. `ifIsolated` is one of CALLED_IF, as determined by krunIsolate or krunPasst. With `keepResult`
   * the result is the argument `result` of later calls; for libkrun 2, which creates objects, it is one of KRUN_OBJECTS.
   */
  krunCall: {
    function: "str",
    wantedBy: "str",
    ifIsolated: "u32",
    keepResult: "u32",
    kinds: "u32s",
    numbers: "u64s",
    texts: "strs",
  },
  /**
   * Makes the VM isolated if the network namespace has no address but loopback's, and libkrun has all of these functions:
   * calls with `ifIsolated` depend on this.
   */
  krunIsolate: { functions: "strs" },
  /** The standard streams are a terminal: puts it into raw mode, because the guest's terminal has the line discipline. */
  vmmTerminal: {},
  /**
   * Saves the standard streams for the relay to the guest's agent, which connects to a socket in the folder of the agent's
   * socket. libkrun gets the null device, and as standard error a pipe of kago if that is a terminal.
   */
  vmmStreams: {},
  /** Makes the fanotify(7) group of watchMounts, as whom has no CAP_SYS_ADMIN, before a filter of config.json's may refuse it. */
  watchOpen: {},
  /**
   * Watches the directories at these paths of the container, and all below, for what changes on the host; the guest's agent
   * makes events for its inotify(7) of it.
   */
  watchMounts: { paths: "strs" },
  /** Opens the host's sockets at these paths of the container, which processes in the guest connect to through the agent. */
  hostSockets: { paths: "strs" },
  /**
   * Boots the guest, forwards signals to its agent from then on, and relays the streams that vmmStreams has saved. `builder` is
   * one of KRUN_OBJECTS for libkrun 2; 0 is the context of 1.x.
   */
  krunEnter: { builder: "u32" },
  /**
   * Confines the VMM, on all its threads: no_new_privs, Landlock if the kernel has it, and a filter that allows the system
   * calls that libkrun needs for `features` (executors/libkrun/vmm_features.ts), or `isolatedFeatures` if the VM is isolated.
   */
  vmmJail: { features: "u32", isolatedFeatures: "u32" },

  // ---- Init of a microVM: what its VMM sees of the host's kernel ----

  /** Binds /proc/self/fd read-only below the root: the only part of a procfs that libkrun uses. */
  vmmDescriptors: {},
  /** Makes every mount below the root read-only whose filesystem is one of `types`; another procfs is refused. */
  kernelMountsReadonly: { types: "strs" },
  /** Raises both limits to `most`, never lowers them; if that is not allowed, raises the soft one to the hard one. */
  raiseLimit: { resource: "u32", most: "u64" },
} as const satisfies Record<string, Record<string, FieldType>>;

/**
 * The relation of a mount to a procfs, which must not be covered or faked (CVE-2019-16884): its target must not
 * be in one; may be; or its source must be one, to be mounted on /proc.
 */
export const PROCFS = { refused: 0, allowed: 1, source: 2 } as const;

/**
 * How a bind handles links: follows them; binds the link itself if its source is one; replaces the link if its target is
 * one; or copies the link if its source is one, and binds nothing. The first three are bits, the last stands alone.
 */
export const LINKS = { follow: 0, bindSource: 1, coverTarget: 2, copySource: 4 } as const;

/** Arguments of libkrun's functions, and which of a call's numbers and texts each uses. */
export const KRUN_ARGUMENTS = [
  /** The number of the VM's context. */
  "context",
  "null",
  /** Takes a number. */
  "number",
  /** Six bytes: takes a number of 48 bits, the first byte highest. */
  "mac",
  /** Takes a text. */
  "text",
  /** Strings, as an array that ends in NULL: takes a number, and as many texts. */
  "list",
  /** Such a list with the variable of the guest's card, empty when it has none. */
  "card",
  /** Takes a text: a path of the container, which libkrun gets by descriptor. */
  "file",
  /** Takes a text: one that is written to, and made if missing. */
  "outputFile",
  /** Takes a text: one that is not there yet, by the descriptor of its folder. */
  "newFile",
  /** Takes a text: a name in the folder of the agent's socket. */
  "runFile",
  /** What the last call with `keepResult` has returned. */
  "result",
  /** The guest's own root, with its agent. */
  "agentRoot",
  /** Our end of passt's socket. */
  "passt",
  /** Takes a number: one of KRUN_OBJECTS, which a call has kept. */
  "object",
  /** libkrun itself, for a library beside it that calls it. */
  "library",
] as const;
export type KrunArgument = (typeof KRUN_ARGUMENTS)[number];

/** The objects that make up a VM of libkrun 2, by their numbers; helper-c/vmm/vmm.h has room for 16. */
export const KRUN_OBJECTS = [
  "none",
  "payload",
  "overlay",
  "init",
  "initConfig",
  "root",
  "files",
  "vsock",
  "console",
  "devices",
  "device",
  "builder",
] as const;
export type KrunObject = Exclude<(typeof KRUN_OBJECTS)[number], "none">;

/**
 * What a new filesystem copies from the folder that it covers: its contents, and its attributes unless an option sets
 * them; or only the folder's mode, if the folder existed before.
 */
export const TAKES = { nothing: 0, contents: 1, uid: 2, gid: 4, mode: 8 } as const;

/** Options that mount(2) takes as flags (MS_*), and fsconfig(2) under these names. */
export const SUPERBLOCK_FLAGS = {
  ro: 0x1,
  sync: 0x10,
  dirsync: 0x80,
  lazytime: 0x2000000,
  mand: 0x40,
} as const;

/** `bind` opens its source itself. */
export const NO_SLOT = 0xffffffff;
/** Slots for trees; the same number is in helper-c/common/context.h. */
export const TREE_SLOTS = 128;

/** When a call of libkrun is made: always, only in an isolated VM, or only in one that is not. */
export const CALLED_IF = { always: 0, isolated: 1, connected: 2 } as const;

/** The most files that krunOpen opens to be loaded before libkrun (LIBRARY_SLOT in helper-c/common/context.h). */
export const MAX_LOADED_BEFORE = 14;

export type OpName = keyof typeof OPS;

interface FieldValue {
  u32: number;
  u64: bigint;
  str: string;
  bytes: Uint8Array<ArrayBuffer>;
  strs: readonly string[];
  u32s: readonly number[];
  u64s: readonly bigint[];
}

/** One operation of the plan. `from` names the place in config.json that it comes from. */
export type Op = {
  [N in OpName]:
    & { readonly op: N; readonly from?: string }
    & {
      readonly [F in keyof (typeof OPS)[N]]: FieldValue[(typeof OPS)[N][F] & FieldType];
    };
}[OpName];

/** Where the stage waits for Main; the message contains the number. */
export const SYNC_POINTS = {
  idMappings: 1,
  hooks: 2,
  hookStates: 3,
  netDevices: 4,
  cgroup: 5,
  timeOffsets: 6,
} as const;

/**
 * The stages of a container in order, and by their numbers on the wire (helper-c/common/context.h). `vmm` is a microVM's VMM
 * (helper-c/vmm), empty for a plain container, and `guest` what the agent runs inside.
 */
export const CONTAINER_STAGES = ["intermediate", "init", "vmm", "guest"] as const;
export type ContainerStage = (typeof CONTAINER_STAGES)[number];

/** All stages that a plan on the wire may have: `hook` has the hooks that Main runs. */
export const STAGES = [...CONTAINER_STAGES, "hook"] as const;
export type Stage = (typeof STAGES)[number];

/** What `create` will execute, stage by stage. */
export type Plan = Readonly<Record<Exclude<ContainerStage, "guest">, readonly Op[]>> & {
  /** On the wire it is a plan of its own, in `agentFiles` or `guestSession`. */
  readonly guest?: readonly Op[];
};
