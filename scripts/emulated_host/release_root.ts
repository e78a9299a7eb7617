/**
 * Commands in the root that the emulated hosts of a Debian release have, on this machine's kernel and cgroups: with that
 * release's runc and crun. Nothing is written to that root.
 */
import { REPOSITORY } from "./cache.ts";
import { prepareDebianRoot } from "./debian_root.ts";
import { enterOverlay, KERNEL_FILESYSTEMS } from "./overlay_root.ts";

/**
 * Enters an overlay of the root `$2` whose parts are in `$1`, with the directories up to `--` in their places, below /tmp
 * too, which is a tmpfs as Debian 13 has it.
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
 * Calls `use` with the words that go before a command, in a mount namespace of its own, to run it in the root of `release`
 * with this repository, Deno and its cache in their places. The first time on a machine makes that root.
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
