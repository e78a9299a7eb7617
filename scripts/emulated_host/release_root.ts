/**
 * Runs commands in the root of a Debian release's emulated hosts, on this machine's kernel and cgroups: with that release's
 * runc and crun. Nothing is written to that root.
 */
import { REPOSITORY } from "./cache.ts";
import { prepareDebianRoot } from "./debian_root.ts";
import { enterOverlay, KERNEL_FILESYSTEMS } from "./overlay_root.ts";

/**
 * Enters an overlay of the root `$2` with its layers in `$1`, and mounts the directories up to `--` at their paths, also
 * below /tmp, which is a tmpfs as in Debian 13.
 */
const ENTER = `
  set -e
  parts=$1 root=$2
  shift 2
  ${enterOverlay("1g")}
  mount -t tmpfs -o mode=1777 tmpfs tmp
  while [ "$1" != -- ]; do
    mkdir -p ".$1"
    mount --bind "$1" ".$1"
    shift
  done
  shift
  ${KERNEL_FILESYSTEMS}
  mount --rbind /sys/fs/cgroup sys/fs/cgroup
  pivot_root . mnt
  umount --lazy /mnt
  mount --make-rshared /
  cd "$1"
  shift
  exec "$@"
`;

/**
 * Calls `use` with the prefix of a command that runs it in the root of `release`, in a new mount namespace, with this
 * repository, Deno and its cache at their paths. The first call on a machine makes that root.
 */
export async function withReleaseRoot<T>(
  release: string,
  use: (words: readonly string[]) => Promise<T>,
): Promise<T> {
  const root = await prepareDebianRoot(release);
  const parts = await Deno.makeTempDir();
  try {
    const deno = Deno.execPath();
    const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    const directories = [REPOSITORY, deno.slice(0, deno.lastIndexOf("/")), cache];
    return await use(["sh", "-c", ENTER, "sh", parts, root, ...directories, "--", REPOSITORY]);
  } finally {
    await Deno.remove(parts);
  }
}
