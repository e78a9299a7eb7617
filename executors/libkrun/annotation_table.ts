/**
 * Every `krun.*` annotation: the one source for reading them (settings.ts) and for their table in docs/microvm.md.
 * Plain data. An image can set annotations, for engines copy those of its manifest into config.json; so none of them may
 * reach what the container itself could not, and paths are the container's own unless a row says otherwise.
 */

interface Row {
  /** One sentence for docs/microvm.md. */
  readonly help: string;
  /** What holds without it. */
  readonly fallback: string;
  readonly example: string;
}

interface IntegerRow extends Row {
  readonly kind: "integer";
  readonly least: number;
  readonly most: number;
}

/** crun's form: a number, and more than 0 means yes. */
interface FlagRow extends Row {
  readonly kind: "flag";
}

interface ChoiceRow extends Row {
  readonly kind: "choice";
  readonly choices: readonly string[];
}

/** `form` completes "must be", and says how `pattern` is spelled. */
interface TextRow extends Row {
  readonly kind: "text" | "list";
  readonly pattern: RegExp;
  readonly form: string;
}

export type AnnotationRow = IntegerRow | FlagRow | ChoiceRow | TextRow;

/** libkrun.h takes a byte; more than 16 vCPUs are not what libkrun is made for, and crun stops there too. */
export const MAX_CPUS = 16;

/** In this much the guest kernel of libkrunfw boots and leaves half of it to the container. */
export const MIN_RAM_MIB = 128;

/** 1 TiB: the page tables alone of a guest beyond it would not fit the hosts that run containers. */
export const MAX_RAM_MIB = 1024 * 1024;

export const ANNOTATIONS = {
  "krun.cpus": {
    kind: "integer",
    least: 1,
    most: MAX_CPUS,
    help: "Virtual processors of the guest.",
    fallback: "`.krun_vm.json`, else what the cpu quota and cpuset allow, else 1",
    example: "4",
  },
  "krun.ram_mib": {
    kind: "integer",
    least: MIN_RAM_MIB,
    most: MAX_RAM_MIB,
    help: "The guest's memory in MiB.",
    fallback: "`.krun_vm.json`, else the memory limit less what the VMM itself takes, else 1024",
    example: "2048",
  },
  "krun.agent": {
    kind: "flag",
    help:
      "Whether kago's agent runs the container's process in the guest; 0 leaves it to libkrun's own init.",
    fallback: "1; 0 with `krun.variant` and with a kernel of the image",
    example: "0",
  },
  "krun.log_level": {
    kind: "integer",
    least: 0,
    most: 5,
    help:
      "What libkrun logs on stderr: 0 nothing, 1 errors, 2 warnings, 3 information, 4 debugging, 5 everything.",
    fallback: "1",
    example: "3",
  },
  "krun.libkrun.path": {
    kind: "text",
    pattern: /^\/[^\0]*$/,
    form: "an absolute path of the host",
    help:
      "Another libkrun of the host, below the folders where the host keeps libraries and changeable by root alone.",
    fallback: "the `libkrun.so.1` that the dynamic linker finds",
    example: "/opt/krun/lib/libkrun.so.1",
  },
  "krun.variant": {
    kind: "choice",
    choices: ["sev", "aws-nitro"],
    help:
      "A flavour of libkrun for confidential workloads: `libkrun-sev.so.1` or `libkrun-awsnitro.so.1`, loaded for this container only.",
    fallback: "the ordinary libkrun",
    example: "sev",
  },
  "krun.use_passt": {
    kind: "flag",
    help: "A network card behind passt(1), instead of libkrun's socket impersonation (TSI).",
    fallback: "0",
    example: "1",
  },
  "krun.tap_name": {
    kind: "text",
    pattern: /^[^\s/:\0]{1,15}$/,
    form: "the name of a TAP interface, 1 to 15 bytes",
    help:
      "A network card on this TAP interface of the container's network namespace; addresses are the guest's to set. Not with `krun.use_passt`.",
    fallback: "none",
    example: "tap0",
  },
  "krun.port_map": {
    kind: "list",
    pattern: /^\d{1,5}:\d{1,5}$/,
    form: "pairs HOST:GUEST of TCP ports from 1 to 65535",
    help:
      "Which ports of the guest are opened on the outside, and as what; empty for none. Seen from outside they are the container's ports. Not with `krun.tap_name`.",
    fallback:
      "every port that the guest listens on; with passt every port, or the lowest ones where the hard limit on open files is below 262144",
    example: "8080:80,8443:443",
  },
  "krun.vsock": {
    kind: "list",
    pattern: /^(listen:)?\d{1,10}=\/[^\0,]*$/,
    form: "[listen:]PORT=SOCKET with a vsock port from 1024 and an absolute path in the container",
    help:
      "Unix sockets that the container can reach (bind them into it) as vsock ports: the guest connects to PORT of the host, or with `listen:` the host connects to SOCKET and reaches PORT in the guest.",
    fallback: "none",
    example: "1234=/run/service.sock,listen:5000=/run/guest/api.sock",
  },
  "krun.disk": {
    kind: "list",
    pattern: /^\/[^\0,:]*(:(raw|qcow2|ro))*$/,
    form: "PATH[:raw|:qcow2][:ro] with an absolute path in the container",
    help:
      "Disk images or block devices in the container, as /dev/vda, /dev/vdb, … of the guest. The format is never guessed: raw unless said.",
    fallback: "none",
    example: "/data/disk.img,/data/tools.qcow2:qcow2:ro",
  },
  "krun.console": {
    kind: "text",
    pattern: /^(none|\/[^\0]*)$/,
    form: "none, or an absolute path in the container",
    help:
      "Where the guest kernel's console goes: a file of the container, made or overwritten, or nowhere. The process's own input and output are not concerned.",
    fallback: "libkrun's log",
    example: "/var/log/console",
  },
  "krun.nested_virt": {
    kind: "flag",
    help: "Whether the guest may run virtual machines itself; the host's KVM must allow it.",
    fallback: "0",
    example: "1",
  },
  "krun.gpu_flags": {
    kind: "integer",
    least: 0,
    most: 0xffffffff,
    help:
      "A virtio-gpu with these flags of virglrenderer. Needs /dev/dri on the host. The flag RENDER_SERVER (512) is refused: the VMM would execute a program of the image.",
    fallback: "no gpu",
    example: "64",
  },
  "krun.custom_kernel": {
    kind: "flag",
    help: "Whether `kernel_path` and its companions in the image's `.krun_vm.json` are followed.",
    fallback: "0",
    example: "1",
  },
} as const satisfies Record<string, AnnotationRow>;

export type AnnotationName = keyof typeof ANNOTATIONS;
