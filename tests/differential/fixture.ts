/**
 * The parts of the host that all bundles of a run share: folders to bind, processes whose namespaces are joined, and
 * the mount namespace in which crun works. Owns creating and removing them.
 */
import { runOk } from "../harness/run.ts";

const UNIFIED = "/sys/fs/cgroup/unified";

/** Types of the helper's namespaces; bundles join some of them. */
const HELPER = ["--net", "--ipc", "--uts", "--cgroup", "--pid", "--fork"];

export class Fixture {
  readonly #processes: Deno.ChildProcess[];
  private constructor(
    readonly folder: string,
    /** The process that owns one namespace of each type that bundles may join. */
    readonly helper: number,
    /** A process in a mount namespace without an empty v2 hierarchy. */
    readonly withoutUnified: number,
    processes: Deno.ChildProcess[],
  ) {
    this.#processes = processes;
  }

  /** A folder with a file and, in `inner`, a tmpfs of its own. */
  get plain(): string {
    return `${this.folder}/plain`;
  }

  /** A shared tmpfs with another one in `inner`. */
  get shared(): string {
    return `${this.folder}/shared`;
  }

  /** A tmpfs whose mount has attributes of its own. */
  get restricted(): string {
    return `${this.folder}/restricted`;
  }

  static async make(): Promise<Fixture> {
    const folder = await Deno.makeTempDir({ prefix: "fixture_" });
    await Deno.chmod(folder, 0o755);
    await runOk("sh", ["-ec", MAKE_FOLDERS, "sh", folder]);
    const helper = await spawnReady("unshare", [...HELPER, "sh", "-c", READY]);
    // Shared mounts must stay shared for crun as well, so only the cgroup mounts are made private.
    const detach = `mount --make-rprivate /sys/fs/cgroup
      if mountpoint -q ${UNIFIED}; then umount ${UNIFIED}; fi`;
    const mount = await spawnReady(
      "unshare",
      ["--mount", "--propagation", "unchanged", "sh", "-ec", `${detach}; ${READY}`],
    );
    const [child] = (await Deno.readTextFile(
      `/proc/${helper.pid}/task/${helper.pid}/children`,
    )).trim().split(" ");
    return new Fixture(folder, Number(child), mount.pid, [helper, mount]);
  }

  async remove(): Promise<void> {
    for (const process of this.#processes) {
      await process.stdin.close();
      await process.status;
    }
    await runOk("umount", ["--recursive", this.shared]);
    await runOk("umount", [`${this.plain}/inner`]);
    await runOk("umount", [this.restricted]);
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Prints that it is ready, and exits at the end of its standard input. */
const READY = "echo ready; read end";

const MAKE_FOLDERS = `
  cd "$1"
  mkdir -p plain/inner shared restricted
  echo data > plain/file
  mount -t tmpfs -o size=64k,mode=755 plain plain/inner
  mount -t tmpfs -o size=64k,mode=755 shared shared
  mount -t tmpfs -o size=64k,mode=755,nosuid,noexec,noatime restricted restricted
  mount -o remount,bind,ro restricted
  mount --make-shared shared
  mkdir shared/inner
  mount -t tmpfs -o size=64k,mode=755 inner shared/inner
`;

async function spawnReady(command: string, args: string[]): Promise<Deno.ChildProcess> {
  const process = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  if (value === undefined) throw new Error(`${command} ${args.join(" ")} ended at once`);
  return process;
}
