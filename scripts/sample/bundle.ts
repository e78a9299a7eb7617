/**
 * Bundles for tests: a temporary folder with the config.json of `runc spec` and a root filesystem of busybox. It owns
 * the default bundle; tests state only what they are about.
 */
import { makeRootfs } from "./rootfs.ts";
import { given } from "../../runtime/common/given.ts";

/** Any JSON object, e.g. a part of config.json. */
export type JsonObject = { [key: string]: unknown };

export interface BundleOptions {
  /** The parent folder of the bundle; the default is the folder for temporary files. */
  readonly parent?: string;
  /** `process.args`; default `["sh"]`. */
  readonly args?: readonly string[];
  /** `process.env` beyond PATH, each `NAME=value`. */
  readonly env?: readonly string[];
  /** `process.cwd`; default `/`. */
  readonly cwd?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Added after the default mounts. */
  readonly mounts?: readonly JsonObject[];
  /** Merged into config.json last: objects member by member, all else (lists too) replaced; undefined removes. */
  readonly config?: JsonObject;
}

export interface Bundle {
  /** Absolute path of the folder. */
  readonly path: string;
  /** Absolute path of the root filesystem. */
  readonly rootfs: string;
  /** The contents of config.json. */
  readonly config: JsonObject;
}

/** Makes a bundle below the folder for temporary files; remove it with removeBundle(). */
export async function makeBundle(options: BundleOptions = {}): Promise<Bundle> {
  const path = await Deno.makeTempDir({
    prefix: "bundle_",
    ...given({ dir: options.parent }),
  });
  await Deno.chmod(path, 0o755); // root of a user namespace must be able to traverse it
  const rootfs = `${path}/rootfs`;
  await makeRootfs(rootfs);
  const config = mergeJson(defaultConfig(options), options.config ?? {});
  await Deno.writeTextFile(`${path}/config.json`, JSON.stringify(config, null, 2));
  return { path, rootfs, config };
}

/**
 * Removes the bundle.
 * @throws {Error} when something is still mounted below it: removing it would empty what is mounted there.
 */
export async function removeBundle(bundle: Bundle): Promise<void> {
  const mountinfo = await Deno.readTextFile("/proc/self/mountinfo");
  const mounts = mountinfo.split("\n").map((line) => line.split(" ")[4] ?? "");
  const left = mounts.filter((path) => path.startsWith(`${bundle.path}/`));
  if (left.length > 0) throw new Error(`${left.join(", ")} is still mounted`);
  await Deno.remove(bundle.path, { recursive: true });
}

/** `changes` merged over `base`, as described for BundleOptions.config; neither is modified. */
export function mergeJson(base: JsonObject, changes: JsonObject): JsonObject {
  const merged = { ...base };
  for (const [key, value] of Object.entries(changes)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) ? mergeJson(old, value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

function defaultConfig(options: BundleOptions): JsonObject {
  const { annotations, args = ["sh"], cwd = "/", env = [], mounts = [] } = options;
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args,
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ...env],
      cwd,
      capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: false },
    hostname: "test",
    mounts: [...DEFAULT_MOUNTS, ...mounts],
    ...given({ annotations }),
    linux: {
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

const MASKED_PATHS = [
  ...["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats"],
  ...["/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
];

function mount(destination: string, type: string, source: string, options?: string): JsonObject {
  return { destination, type, source, ...given({ options: options?.split(",") }) };
}

const DEFAULT_MOUNTS = [
  mount("/proc", "proc", "proc"),
  mount("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
  mount("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
  mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
  mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
  mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
  mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
];
