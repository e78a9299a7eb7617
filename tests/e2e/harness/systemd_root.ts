/**
 * A bundle whose container is a Debian run by systemd, with mounts and environment as `podman run --systemd=always
 * --privileged` writes them, and what an inner engine needs if a test has one. The root has copies of only those programs
 * and units of the emulated host that a test needs: in a guest there, each lookup of a file takes milliseconds, and each
 * start of a program a second and more.
 */
import { given } from "../../../runtime/common/given.ts";
import { CAPABILITIES } from "../../../runtime/spec/capabilities.ts";
import type { BundleOptions, JsonObject } from "../../../scripts/sample/bundle.ts";
import { makeRootfs } from "../../../scripts/sample/rootfs.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk, type RunResult } from "../../harness/run.ts";

/** What a root has beyond systemd, for an engine inside. */
export interface InnerEngine {
  /** Files and folders of the emulated host. */
  readonly copied: readonly string[];
  /** Further files of the root, by path. */
  readonly written: Readonly<Record<string, string>>;
  /** The options of each tmpfs, by its path: overlay cannot use virtiofs as its upper directory. */
  readonly tmpfs: Readonly<Record<string, readonly string[]>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** MiB of the guest's /dev/vda, which is empty; absent: no disk. */
  readonly disk?: number;
  /** The path of the container's network namespace; absent: a new one, and a guest without a network. */
  readonly network?: string;
}

/** systemd alone. */
export const NO_ENGINE: InnerEngine = {
  copied: [],
  written: {},
  tmpfs: {},
  annotations: { "krun.ram_mib": "512" },
};

const PROGRAMS = [
  ...["systemd", "systemd-executor", "systemd-shutdown"].map((name) => `/usr/lib/systemd/${name}`),
  ...["busybox", "systemctl"].map((name) => `/usr/bin/${name}`),
];

/** The ways in which systemd ends its machine. */
const ENDS = ["halt", "poweroff", "reboot"];

/** From the start to multi-user.target, and to the end. */
const UNITS = [
  ...["basic", "final", "local-fs", "local-fs-pre", "multi-user", "paths", "shutdown"],
  ...["slices", "sockets", "swap", "sysinit", "timers", "umount", ...ENDS],
].map((name) => `/usr/lib/systemd/system/${name}.target`);
UNITS.push(...ENDS.map((name) => `/usr/lib/systemd/system/systemd-${name}.service`));

const FILES = ["/etc/group", "/etc/ld.so.cache", "/etc/passwd"];

const DISK = "/disk.img";

/** A shell script: links of the root are followed, /lib is /usr/lib. */
const COPY = `
  root=$1
  shift
  libraries=$(ldd "$@" 2>/dev/null | grep -o '/[^ :]*\\.so[^ :]*' | sort -u)
  tar -C / --dereference --absolute-names --transform 's,^/lib,/usr/lib,' -c $libraries "$@" |
    tar -C "$root" -x --transform 's,^/,,'
`;

/** A service of the container itself, which has limits, and prints its cgroup. */
const LIMITED_SERVICE = `[Service]
Type=oneshot
RemainAfterExit=yes
MemoryMax=64M
ExecStart=/usr/bin/busybox sh -c "cat /proc/self/cgroup /sys/fs/cgroup/system.slice/limited.service/memory.max > /run/limited"
`;

const FOLDERS = [
  ...["dev", "etc/systemd/system/multi-user.target.wants", "proc", "root", "run", "srv"],
  ...["sys", "tmp", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin"],
  ...["var/log/journal", "var/tmp"],
];

/** systemd listens here as soon as it has loaded its units. */
export const AWAIT_SYSTEMD = "until [ -S /run/systemd/private ]; do sleep 0.2; done";

/** Seconds; a guest's programs start slowly in an emulation within an emulation. */
const PATIENCE = 240;

/** Calls `use` with a container that runs systemd, a function that executes a script in it, and the end of its `run`. */
export async function withSystemd(
  engine: InnerEngine,
  use: (
    kago: Kago,
    sh: (script: string) => Promise<RunResult>,
    running: Promise<RunResult>,
  ) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  await Deno.chmod(root, 0o755);
  try {
    await makeSystemdRoot(root, engine);
    await Kago.with(systemdBundle(root, engine), async (kago) => {
      const running = kago.background();
      await kago.until("running");
      const sh = (script: string) =>
        kago.runWith({ timeout: PATIENCE }, "exec", kago.id, "sh", "-c", script);
      await use(kago, sh, running);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Makes the root `root`, and at `/srv/box` in it the root of a container for the inner engine. */
async function makeSystemdRoot(root: string, engine: InnerEngine): Promise<void> {
  const { copied, written, disk } = engine;
  for (const folder of FOLDERS) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    await Deno.symlink(`usr/${name}`, `${root}/${name}`);
  }
  await Deno.symlink("../run", `${root}/var/run`);
  await runOk("sh", ["-c", COPY, "sh", root, ...PROGRAMS, ...UNITS, ...FILES, ...copied]);
  await Deno.symlink("busybox", `${root}/usr/bin/sh`);
  await Deno.symlink("systemctl", `${root}/usr/bin/shutdown`);
  await makeRootfs(`${root}/srv/box`);
  const units = "/etc/systemd/system";
  const files = { [`${units}/limited.service`]: LIMITED_SERVICE, ...written };
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    await Deno.writeTextFile(`${root}${path}`, text);
  }
  if (disk) {
    await Deno.writeTextFile(`${root}${DISK}`, "");
    await Deno.truncate(`${root}${DISK}`, disk << 20);
  }
  await Deno.symlink(
    "../limited.service",
    `${root}${units}/multi-user.target.wants/limited.service`,
  );
}

const ALL = Object.keys(CAPABILITIES);
const TMPFS = ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"];

/** Options of a bundle with the root at `root`. */
function systemdBundle(root: string, engine: InnerEngine): BundleOptions {
  const { tmpfs, annotations, disk, network } = engine;
  const mounts = [
    mount("/run", "tmpfs", "tmpfs", TMPFS),
    mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    mount("/tmp", "tmpfs", "tmpfs", TMPFS),
    mount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    mount("/sys", "sysfs", "sysfs", ["rprivate", "nosuid", "noexec", "nodev", "rw"]),
    mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777"]),
    mount("/run/lock", "tmpfs", "tmpfs", TMPFS),
    mount("/dev/pts", "devpts", "devpts", [
      ...["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    ]),
    mount("/var/log/journal", "tmpfs", "tmpfs", TMPFS),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", ["private", "rw"]),
    ...Object.entries(tmpfs).map(([path, options]) =>
      mount(path, "tmpfs", "tmpfs", ["rw", "nodev", ...options])
    ),
  ];
  return {
    args: ["/lib/systemd/systemd", "--unit=multi-user.target"],
    env: ["container=podman", "container_uuid=7f5ed2d681b86dd2dced5fcacbe1a23f", "HOME=/root"],
    annotations: {
      "org.opencontainers.image.stopSignal": "37",
      "run.oci.handler": "krun",
      "krun.cpus": "1",
      ...given({ "krun.disk": disk ? DISK : undefined }),
      ...annotations,
    },
    config: {
      process: {
        capabilities: { bounding: ALL, effective: ALL, permitted: ALL },
        noNewPrivileges: false,
        rlimits: [{ type: "RLIMIT_NOFILE", hard: 65536, soft: 65536 }],
      },
      root: { path: root },
      mounts,
      linux: {
        namespaces: [
          ...["pid", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
          { type: "network", ...given({ path: network }) },
        ],
        devices: [
          ...[["/dev/fuse", 10, 229], ["/dev/kmsg", 1, 11], ["/dev/net/tun", 10, 200]]
            .map(([path, major, minor]) => ({ path, type: "c", major, minor, fileMode: 0o666 })),
        ],
        maskedPaths: [],
        readonlyPaths: [],
      },
    },
  };
}

function mount(
  destination: string,
  type: string,
  source: string,
  options: readonly string[],
): JsonObject {
  return { destination, type, source, options };
}
