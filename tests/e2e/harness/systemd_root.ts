/**
 * A bundle whose container is a Debian run by systemd, with mounts and environment as `podman run --systemd=always
 * --privileged` writes them. The root has copies of only those programs and units of the emulated host that a test
 * needs: in a guest there, each lookup of a file takes milliseconds, and each start of a program a second and more.
 */
import { CAPABILITIES } from "../../../runtime/spec/capabilities.ts";
import type { BundleOptions, JsonObject } from "../../../scripts/sample/bundle.ts";
import { makeRootfs } from "../../../scripts/sample/rootfs.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk, type RunResult } from "../../harness/run.ts";

const PROGRAMS = [
  ...["systemd", "systemd-executor", "systemd-shutdown"].map((name) => `/usr/lib/systemd/${name}`),
  ...["busybox", "conmon", "crun", "newgidmap", "newuidmap", "podman", "systemctl"]
    .map((name) => `/usr/bin/${name}`),
  "/usr/lib/podman/netavark", // looked for even without a network
];

/** From the start to multi-user.target, and from SIGRTMIN+3 to the end. */
const UNITS = [
  ...["basic", "final", "halt", "local-fs", "local-fs-pre", "multi-user", "paths", "shutdown"],
  ...["slices", "sockets", "swap", "sysinit", "timers", "umount"],
].map((name) => `/usr/lib/systemd/system/${name}.target`);
UNITS.push("/usr/lib/systemd/system/systemd-halt.service");

const FILES = ["/etc/containers/policy.json", "/etc/group", "/etc/ld.so.cache", "/etc/passwd"];

/** The input of tar(1): links of the root are followed, /lib is /usr/lib. */
const COPY = `
  root=$1
  shift
  libraries=$(ldd "$@" 2>/dev/null | grep -o '/[^ :]*\\.so[^ :]*' | sort -u)
  tar -C / --dereference --absolute-names --transform 's,^/lib,/usr/lib,' -c $libraries "$@" |
    tar -C "$root" -x --transform 's,^/,,'
`;

/** The command of a container in the guest, without its root and its process. */
export const PODMAN_RUN =
  "/usr/bin/podman --cgroup-manager=cgroupfs run --rm --network=none --rootfs";

/** A service of the container itself, which has limits, and prints its cgroup. */
const LIMITED_SERVICE = `[Service]
Type=oneshot
RemainAfterExit=yes
MemoryMax=64M
ExecStart=/usr/bin/busybox sh -c "cat /proc/self/cgroup /sys/fs/cgroup/system.slice/limited.service/memory.max > /run/limited"
`;

/** An ordinary user's container, in a cgroup delegated to the user; its exit code is the service's. */
const ROOTLESS_SERVICE = `[Service]
Type=oneshot
User=1000
Delegate=yes
RuntimeDirectory=rootless
Environment=PATH=/usr/bin HOME=/home/user XDG_RUNTIME_DIR=/run/rootless
StandardOutput=file:/run/rootless.out
StandardError=file:/run/rootless.err
ExecStartPre=/usr/bin/busybox cp -a /srv/box /home/user/box
ExecStart=${PODMAN_RUN} /home/user/box sh -c "id -u; cat /proc/self/uid_map; exit 9"
`;

const FOLDERS = [
  ...[
    "dev",
    "etc/systemd/system/multi-user.target.wants",
    "home/user",
    "proc",
    "root",
    "run",
    "srv",
  ],
  ...["sys", "tmp", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin"],
  ...["var/lib/containers", "var/log/journal", "var/tmp"],
];

/** systemd listens here as soon as it has loaded its units. */
export const AWAIT_SYSTEMD = "until [ -S /run/systemd/private ]; do sleep 0.2; done";

/** Seconds; a guest's programs start slowly in an emulation within an emulation. */
const PATIENCE = 240;

/** Calls `use` with a container that runs systemd, a function that executes a script in it, and the end of its `run`. */
export async function withSystemd(
  use: (
    kago: Kago,
    sh: (script: string) => Promise<RunResult>,
    running: Promise<RunResult>,
  ) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  await Deno.chmod(root, 0o755);
  try {
    await makeSystemdRoot(root);
    await Kago.with(systemdBundle(root), async (kago) => {
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
async function makeSystemdRoot(root: string): Promise<void> {
  for (const folder of FOLDERS) await Deno.mkdir(`${root}/${folder}`, { recursive: true });
  for (const name of ["bin", "lib", "lib64", "sbin"]) {
    await Deno.symlink(`usr/${name}`, `${root}/${name}`);
  }
  await runOk("sh", ["-c", COPY, "sh", root, ...PROGRAMS, ...UNITS, ...FILES]);
  await Deno.symlink("busybox", `${root}/usr/bin/sh`);
  for (const file of ["subuid", "subgid"]) {
    await Deno.writeTextFile(`${root}/etc/${file}`, "user:100000:65536\n");
  }
  await makeRootfs(`${root}/srv/box`);
  const units = `${root}/etc/systemd/system`;
  await Deno.writeTextFile(`${units}/limited.service`, LIMITED_SERVICE);
  await Deno.writeTextFile(`${units}/rootless.service`, ROOTLESS_SERVICE);
  await Deno.symlink("../limited.service", `${units}/multi-user.target.wants/limited.service`);
}

const ALL = Object.keys(CAPABILITIES);
const TMPFS = ["rw", "rprivate", "nosuid", "nodev", "tmpcopyup"];

/** Options of a bundle with the root at `root`. */
function systemdBundle(root: string): BundleOptions {
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
    // Private to the container, for inner containers: overlay cannot use virtiofs as its upper directory.
    mount("/var/lib/containers", "tmpfs", "tmpfs", ["rw", "nosuid", "nodev"]),
    mount("/home/user", "tmpfs", "tmpfs", ["rw", "nosuid", "nodev", "uid=1000", "gid=1000"]),
  ];
  return {
    args: ["/lib/systemd/systemd", "--unit=multi-user.target"],
    env: ["container=podman", "container_uuid=7f5ed2d681b86dd2dced5fcacbe1a23f", "HOME=/root"],
    annotations: {
      "org.opencontainers.image.stopSignal": "37",
      "run.oci.handler": "krun",
      "krun.cpus": "1",
      "krun.ram_mib": "768",
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
