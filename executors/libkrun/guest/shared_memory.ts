/**
 * `/dev/shm` of a microVM. Engines bind their own shared memory there, which is in the host's kernel. A guest's processes
 * share memory of the guest's kernel, so they get a tmpfs of the same size. Pure, except for the mounts that it requests.
 */
import { joinPath } from "../../../runtime/common/path.ts";
import type { Mount, Spec } from "../../../runtime/spec/spec.ts";

/** The spec with a tmpfs for an engine's memory; `mountinfo` returns the host's mounts (proc_pid_mountinfo(5)). */
export function withGuestMemory(spec: Spec, mountinfo: () => string): Spec {
  const { mounts } = spec;
  if (!mounts?.some(isSharedMemory)) return spec;
  return {
    ...spec,
    mounts: mounts.map((mount) => isSharedMemory(mount) ? ownMemory(mount, mountinfo()) : mount),
  };
}

function isSharedMemory({ type, source = "", destination, options = [] }: Mount): boolean {
  const bound = type === "bind" || options.includes("bind") || options.includes("rbind");
  return bound && joinPath("/", destination) === "/dev/shm" && source.endsWith("/shm");
}

const OF_BINDS: ReadonlySet<string> = new Set(["bind", "rbind"]);

function ownMemory({ source = "", destination, options = [] }: Mount, mountinfo: string): Mount {
  const kept = options.filter((option) => !OF_BINDS.has(option));
  const size = tmpfsSize(source, mountinfo);
  return {
    destination,
    type: "tmpfs",
    source: "shm",
    options: [...kept, "nosuid", "nodev", "mode=1777", ...(size ? [size] : [])],
  };
}

/**
 * The `size` option of the tmpfs on `path` (tmpfs(5)): `size=65536k`. Without one, as for the host's own /dev/shm, each
 * kernel chooses a size from its own memory.
 */
function tmpfsSize(path: string, mountinfo: string): string | undefined {
  const line = mountinfo.split("\n").findLast((line) => line.split(" ")[4] === path);
  const [type, , superOptions] = line?.split(" - ")[1]?.split(" ") ?? [];
  if (type !== "tmpfs") return undefined;
  return superOptions?.split(",").find((option) => /^size=\d+[kmg]?$/.test(option));
}
