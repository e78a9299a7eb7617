/**
 * The surroundings of the benchmark: a private mount namespace. crun refuses a host that has cgroup v1 controllers with
 * a v2 hierarchy beside them (systemd's hybrid layout) where that hierarchy is empty, so there the v2 mount is taken
 * away, in this namespace and for all contenders alike.
 */

const MARK = "KAGO_BENCH_NAMESPACE";
const UNIFIED = "/sys/fs/cgroup/unified";

/**
 * Runs this program again in a private mount namespace and returns its exit code; undefined means that it is there
 * already.
 * @throws {Error} without root.
 */
export async function enterPrivateNamespace(script: string): Promise<number | undefined> {
  if (Deno.env.get(MARK) !== undefined) return undefined;
  if (Deno.uid() !== 0) {
    throw new Error("the benchmark makes containers and mounts: run it as root");
  }
  const detach = `if mountpoint -q ${UNIFIED}; then umount ${UNIFIED}; fi; exec "$@"`;
  const child = new Deno.Command("unshare", {
    args: [
      // Private before the umount: in a shared mount it would happen to the host as well.
      ...["--mount", "--propagation", "private", "sh", "-ec", detach, "sh"],
      ...[Deno.execPath(), "run", "-A", script, ...Deno.args],
    ],
    env: { [MARK]: "1" },
  }).spawn();
  // A terminal's Ctrl-C reaches the child too; both wait for it to remove its containers.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  return (await child.status).code;
}
