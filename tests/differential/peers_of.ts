/**
 * The differential suite beside the runc and crun of another Debian release, on this machine's kernel and cgroups:
 *   deno run -A tests/differential/peers_of.ts [RELEASE [ARGUMENT]...]
 * It runs in the root that the emulated hosts have, in a mount namespace of its own, with a tmpfs on /tmp as Debian 13 has.
 * The default is their release; arguments are the suite's.
 */
import { REPOSITORY } from "../../scripts/emulated_host/cache.ts";
import { prepareDebianRoot, TESTED_RELEASE } from "../../scripts/emulated_host/debian_root.ts";
import { runMain } from "../../scripts/run_main.ts";
import { enterOverlay, KERNEL_FILESYSTEMS } from "../harness/overlay_root.ts";

/** Enters an overlay of the root `$2` whose parts are in `$1`, with the folders up to `--` in their places, below /tmp too. */
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
  for peer in runc crun; do "$peer" --version | head -1; done
  exec "$@"
`;

async function main(release: string): Promise<number> {
  const root = await prepareDebianRoot(release);
  const parts = await Deno.makeTempDir();
  try {
    const deno = Deno.execPath();
    const cache = Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`;
    const folders = [REPOSITORY, deno.slice(0, deno.lastIndexOf("/")), cache];
    const test = ["test", "-A", "--preload", "tests/harness/same_mounts.ts", "tests/differential"];
    const { code } = await new Deno.Command("unshare", {
      args: [
        ...["--mount", "--propagation=private", "sh", "-c", ENTER, "sh"],
        ...[parts, root, ...folders, "--", REPOSITORY, deno, ...test, "--", ...Deno.args.slice(1)],
      ],
      stdin: "null",
    }).spawn().status;
    return code;
  } finally {
    await Deno.remove(parts);
  }
}

if (import.meta.main) {
  await runMain("differential", () => main(Deno.args[0] ?? TESTED_RELEASE));
}
