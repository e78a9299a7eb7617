/**
 * Every annotation that kago reads, and every key of an image's `.krun_vm.json`: the only source for reading them
 * (settings.ts), for who may set them, for `kago features` and for docs/microvm.md. Plain data. An image can set
 * annotations, because engines copy those of its manifest into config.json, and so can a pod. An annotation that opens the
 * host to them, or weakens their confinement, needs the administrator's permission. Paths are the container's own.
 */

import {
  DISK,
  MAX_CPUS,
  MAX_LOG_LEVEL,
  MAX_RAM_MIB,
  MIN_RAM_MIB,
} from "../../../runtime/microvm_bounds.ts";

/** `nobody`: known, but never applied. */
export type Setter = "image" | "administrator" | "nobody";

interface Trust {
  readonly setBy: Setter;
  /** One sentence for docs/microvm.md. */
  readonly why: string;
}

interface Row extends Trust {
  /** One sentence for docs/microvm.md. */
  readonly help: string;
  /** The behaviour without it. */
  readonly fallback: string;
  readonly example: string;
}

interface IntegerRow extends Row {
  readonly kind: "integer";
  readonly least: number;
  readonly most: number;
}

/** As in crun: a number; greater than 0 means yes. */
interface FlagRow extends Row {
  readonly kind: "flag";
}

interface ChoiceRow extends Row {
  readonly kind: "choice";
  readonly choices: readonly string[];
}

/** `form` completes "must be", and describes `pattern`. */
interface TextRow extends Row {
  readonly kind: "text" | "list";
  readonly pattern: RegExp;
  readonly form: string;
}

/** `instead` completes the error message. */
interface RefusedRow extends Trust {
  readonly kind: "refused";
  readonly setBy: "nobody";
  readonly help: string;
  readonly instead: string;
}

export type AnnotationRow = IntegerRow | FlagRow | ChoiceRow | TextRow | RefusedRow;

export const ANNOTATIONS = {
  "krun.cpus": {
    kind: "integer",
    setBy: "image",
    why: "The container's CPU quota and cpuset limit the VMM, whatever the guest sees.",
    least: 1,
    most: MAX_CPUS,
    help: "Number of virtual CPUs of the guest.",
    fallback:
      "that of `.krun_vm.json`, else of the administrator's file, else the number of the caller's processors; the latter two are limited by the CPU quota, rounded up, and by the cpuset",
    example: "4",
  },
  "krun.ram_mib": {
    kind: "integer",
    setBy: "image",
    why:
      "The container's memory limit applies to the VMM, and a guest that does not fit into it is refused.",
    least: MIN_RAM_MIB,
    most: MAX_RAM_MIB,
    help: "The guest's memory in MiB.",
    fallback:
      "that of `.krun_vm.json`, else of the administrator's file, up to the memory limit minus the VMM's own memory, else that difference, else 1024",
    example: "2048",
  },
  "krun.ram_max_mib": {
    kind: "integer",
    setBy: "image",
    why: "The container's memory limit applies to the VMM, and the guest's processes get the rest.",
    least: MIN_RAM_MIB,
    most: MAX_RAM_MIB,
    help:
      "The guest's memory in MiB, which may be more than the memory limit: the guest enforces the limit, and `update` changes it there. Replaces `krun.ram_mib`.",
    fallback: "none: the guest's memory is `krun.ram_mib`, and no limit changes it",
    example: "4096",
  },
  "krun.agent": {
    kind: "flag",
    setBy: "image",
    why:
      "Without the agent, a container is refused if it asks for a restriction that only the agent enforces.",
    help:
      "Whether kago's agent runs the container's process in the guest; 0 leaves it to libkrun's own init.",
    fallback: "1; 0 with `krun.variant`, `krun.custom_kernel` and `virtiofs_tag`",
    example: "0",
  },
  "krun.log_level": {
    kind: "integer",
    setBy: "image",
    why: "The log goes to the container's own standard error.",
    least: 0,
    most: MAX_LOG_LEVEL,
    help:
      "What libkrun logs on stderr: 0 nothing, 1 errors, 2 warnings, 3 information, 4 debugging, 5 everything.",
    fallback: "that of the administrator's file, else 1",
    example: "3",
  },
  "krun.libkrun.path": {
    kind: "refused",
    setBy: "nobody",
    why: "It would make kago load a library of the image's choice as root.",
    help: "No longer supported: a container with this annotation is refused.",
    instead:
      "name the library with kago's option --libkrun FILE, or as libkrun in /etc/kago/microvm.json",
  },
  "krun.variant": {
    kind: "choice",
    setBy: "image",
    why:
      "The library is a file of the host, beside the administrator's libkrun or found by the dynamic linker. A restriction that the flavour does not enforce is refused.",
    choices: ["sev", "tdx", "aws-nitro"],
    help:
      "A flavour of libkrun for confidential workloads: `libkrun-sev.so.1`, `libkrun-tdx.so.1` or `libkrun-awsnitro.so.1`, loaded for this container only.",
    fallback: "the ordinary libkrun",
    example: "sev",
  },
  "krun.use_passt": {
    kind: "flag",
    setBy: "image",
    why: "passt runs in the container's own namespaces.",
    help: "A network card behind passt(1), instead of libkrun's socket impersonation (TSI).",
    fallback: "1 if `network` in the administrator's file is `passt`, else 0; 0 is TSI",
    example: "1",
  },
  "krun.tap_name": {
    kind: "text",
    setBy: "administrator",
    why:
      "The VMM opens the host's `/dev/net/tun`, and the guest sends raw frames on an interface that others may rely on.",
    pattern: /^[^\s/:\0]{1,15}$/,
    form: "the name of a TAP interface, 1 to 15 bytes",
    help:
      "A network card on this TAP interface of the container's network namespace; the guest sets its addresses. Not with `krun.use_passt`.",
    fallback: "none",
    example: "tap0",
  },
  "krun.port_map": {
    kind: "list",
    setBy: "image",
    why:
      "The ports are those of the container's network namespace, where its processes can listen anyway.",
    pattern: /^\d{1,5}:\d{1,5}$/,
    form: "pairs HOST:GUEST of TCP ports from 1 to 65535",
    help:
      "Ports of the guest that are reachable from outside, as ports of the container; empty for none. Not with `krun.tap_name`.",
    fallback:
      "every port that the guest listens on; with passt every port, or the lowest ones where the hard limit on open files is below 262144",
    example: "8080:80,8443:443",
  },
  "krun.vsock": {
    kind: "list",
    setBy: "image",
    why: "The sockets are the container's.",
    pattern: /^(listen:)?\d{1,10}=\/[^\0,]*$/,
    form: "[listen:]PORT=SOCKET with a vsock port from 1024 and an absolute path in the container",
    help:
      "Maps vsock ports to unix sockets in the container (bind-mount them): the guest connects to PORT of the host, or with `listen:` the host connects to SOCKET and reaches PORT in the guest. libkrun before 1.19 loses what a guest writes in more than 32 KiB at once.",
    fallback: "none",
    example: "1234=/run/service.sock,listen:5000=/run/guest/api.sock",
  },
  "krun.watch": {
    kind: "list",
    setBy: "image",
    why:
      "The VMM watches with the container's rights what is mounted into it, and the guest touches what it may write.",
    pattern: /^\/[^\0,]*$/,
    form: "destinations of `mounts`, which are absolute paths in the container",
    help:
      "Directories of the host, mounted into the container, whose changes on the host the guest's inotify is told of; at most 16. Not for plain containers, which see them anyway.",
    fallback: "none: inotify tells what the guest itself does",
    example: "/src,/etc/app",
  },
  "krun.disk": {
    kind: "list",
    setBy: "image",
    why: "The files are the container's.",
    ...DISK,
    help:
      "Disk images or block devices in the container, which are /dev/vda, /dev/vdb, … in the guest, for its root. The format is raw unless given; it is never guessed.",
    fallback: "that of the administrator's file, else none; empty for none",
    example: "/data/disk.img,/data/tools.qcow2:qcow2:ro",
  },
  "krun.console": {
    kind: "text",
    setBy: "image",
    why: "The file is the container's.",
    pattern: /^(none|\/[^\0]*)$/,
    form: "none, or an absolute path in the container",
    help:
      "Where the guest kernel's console goes: to a file in the container, which is created or overwritten, or nowhere. The input and output of the process are not affected.",
    fallback: "libkrun's log",
    example: "/var/log/console",
  },
  "krun.nested_virt": {
    kind: "flag",
    setBy: "administrator",
    why:
      "It exposes the host kernel's nested virtualisation, a large and little hardened part of KVM, to the guest.",
    help: "Whether the guest may run virtual machines itself; the host's KVM must allow it.",
    fallback: "0",
    example: "1",
  },
  "krun.gpu_flags": {
    kind: "integer",
    setBy: "administrator",
    why: "It exposes the host's graphics driver to the guest, and renders in the VMM.",
    least: 0,
    most: 0xffffffff,
    help:
      "Adds a virtio-gpu device with these flags of virglrenderer. Needs /dev/dri on the host. The flag RENDER_SERVER (512) is refused: the VMM would execute a program of the image.",
    fallback: "no gpu",
    example: "64",
  },
  "krun.custom_kernel": {
    kind: "flag",
    setBy: "administrator",
    why: "The guest runs a kernel that the host has not chosen, without kago's agent.",
    help:
      "Whether the kernel that the image's `.krun_vm.json` names (`kernel_path` and the keys with it) is used.",
    fallback: "0",
    example: "1",
  },
} as const satisfies Record<string, AnnotationRow>;

export type AnnotationName = keyof typeof ANNOTATIONS;

/** An annotation that another module reads; a name that ends with a dot is a prefix. */
export interface OtherRow extends Trust {
  readonly help: string;
}

export const OTHER_ANNOTATIONS = {
  "run.oci.handler": {
    setBy: "image",
    why: "A microVM is at least as confined as a plain container.",
    help: "`krun` for a microVM, `default` for a plain container.",
  },
  "run.oci.keep_original_groups": {
    setBy: "image",
    why:
      "As with crun: the groups matter only for files that were bind-mounted into the container.",
    help: "The process keeps the supplementary groups of the user who runs kago.",
  },
  "run.kago.egress": {
    setBy: "image",
    why: "A list only takes connections away: if there are two, both must allow a connection.",
    help:
      "Destinations that a microVM or a plain container may connect and send datagrams to: addresses, CIDR blocks, host names, `dns` " +
      "and `*`, with ports and `/tcp` or `/udp` if wanted, separated by blanks or commas, such as " +
      "`10.0.0.0/8 api.example.com:443/tcp dns`. Everything else is refused.",
  },
  "krun.egress": {
    setBy: "image",
    why: "As for `run.kago.egress`.",
    help:
      "Another name for `run.kago.egress`; if both are set, both lists must allow a connection.",
  },
  "org.systemd.property.": {
    setBy: "administrator",
    why:
      "Properties of a unit can start, stop or delay other units of the host, and power it off. Those about the end of the container's own unit need no permission.",
    help:
      "With the systemd cgroup driver, the rest of the name is a property of the container's unit.",
  },
} as const satisfies Record<string, OtherRow>;

/** The keys of an image's `.krun_vm.json`; `annotation` is used in place of a key that is not applied. */
export interface KeyRow extends Trust {
  readonly annotation?: AnnotationName;
}

const KERNEL_WHY =
  "Used with `krun.custom_kernel` only, which needs the administrator's permission.";
const IGNORED_WHY = "The user who runs the image sets it, not the image.";

export const VM_FILE_KEYS = {
  cpus: { setBy: "image", why: ANNOTATIONS["krun.cpus"].why },
  ram_mib: { setBy: "image", why: ANNOTATIONS["krun.ram_mib"].why },
  kernel_path: { setBy: "administrator", why: KERNEL_WHY },
  kernel_format: { setBy: "administrator", why: KERNEL_WHY },
  initrd_path: { setBy: "administrator", why: KERNEL_WHY },
  kernel_cmdline: { setBy: "administrator", why: KERNEL_WHY },
  virtiofs_tag: {
    setBy: "administrator",
    why:
      "It gives the container's root filesystem to a guest without kago's agent, which an image may not choose.",
  },
  virtiofs_shm_size: {
    setBy: "image",
    why: "It is memory of the VMM, within the container's limit.",
  },
  gpu_flags: { setBy: "nobody", why: IGNORED_WHY, annotation: "krun.gpu_flags" },
  use_passt: { setBy: "nobody", why: IGNORED_WHY, annotation: "krun.use_passt" },
  tap_name: { setBy: "nobody", why: IGNORED_WHY, annotation: "krun.tap_name" },
  nested_virt: { setBy: "nobody", why: IGNORED_WHY, annotation: "krun.nested_virt" },
  flavor: { setBy: "nobody", why: IGNORED_WHY, annotation: "krun.variant" },
} as const satisfies Record<string, KeyRow>;

/** The list in `kago features`, for engines that let images and pods set annotations by name. */
export function unsafeAnnotations(): string[] {
  return [...Object.keys(OTHER_ANNOTATIONS), ...Object.keys(ANNOTATIONS)].sort();
}
