/**
 * The environment of the benchmark: a private mount namespace with one layout of cgroups, the same for all contenders.
 * crun refuses a host that has cgroup v1 controllers and an empty v2 hierarchy beside them (systemd's hybrid layout),
 * so with v1 the v2 mount is removed. On a host with v1, v2 has no controllers: containers have cgroups, filters for
 * devices and a freezer, but no limits.
 */

const MARK = "KAGO_BENCH_NAMESPACE";

export type Layout = "v1" | "v2";

/** Shell commands that give the namespace the layout. */
const ENTER: Readonly<Record<Layout, string>> = {
  v1: `
    if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
      echo "this machine has cgroup v2 alone: boot it with systemd.unified_cgroup_hierarchy=0" >&2
      exit 1
    fi
    if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi`,
  v2: `
    if [ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ]; then
      umount -R /sys/fs/cgroup
      mount -t cgroup2 cgroup2 /sys/fs/cgroup
    fi`,
};

/** Whether this program already runs in the namespace. */
export function isInNamespace(): boolean {
  return Deno.env.get(MARK) !== undefined;
}

/** The layout of this machine. */
export async function ownLayout(): Promise<Layout> {
  const command = new Deno.Command("stat", { args: ["-fc", "%T", "/sys/fs/cgroup"] });
  const text = new TextDecoder().decode((await command.output()).stdout);
  return text.trim() === "cgroup2fs" ? "v2" : "v1";
}

/**
 * Runs this program again in a private mount namespace, through `inRoot` in another root, and returns its exit code.
 * @throws {Error} without root.
 */
export async function enterPrivateNamespace(
  script: string,
  layout: Layout,
  inRoot: readonly string[] = [],
): Promise<number> {
  if (Deno.uid() !== 0) {
    throw new Error("the benchmark makes containers and mounts: run it as root");
  }
  const child = new Deno.Command("unshare", {
    args: [
      // Private before the umount: in a shared mount it would propagate to the host.
      ...["--mount", "--propagation", "private", "sh", "-ec", `${ENTER[layout]}\nexec "$@"`, "sh"],
      ...[...inRoot, Deno.execPath(), "run", "-A", script, ...Deno.args],
    ],
    env: { [MARK]: "1" },
  }).spawn();
  // A terminal's Ctrl-C reaches the child too; both wait for it to remove its containers.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  return (await child.status).code;
}
