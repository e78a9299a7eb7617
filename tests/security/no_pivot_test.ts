/**
 * `run --no-pivot`: the host's mounts stay in the mount namespace, where the kernel would take them for what the container
 * may see anyway. Needs root.
 */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, type RunResult } from "../harness/run.ts";

const TYPES = { proc: "-p -f", sysfs: "-n" } as const;
/** Mapping process 0 to another one takes a right (user_namespaces(7)). */
const CAPABILITIES = ["CAP_SETFCAP", "CAP_SYS_CHROOT"];

/** A container that tries to mount the type in a user namespace of its own, and says how that ended. */
function tries(type: keyof typeof TYPES): BundleOptions {
  const script = `unshare -U -r -m ${TYPES[type]} mount -t ${type} ${type} /mnt; echo ended $?`;
  const capabilities = Object.fromEntries(
    ["bounding", "effective", "permitted"].map((set) => [set, CAPABILITIES]),
  );
  return {
    args: ["sh", "-c", `mkdir -p /mnt; ${script}`],
    config: { process: { capabilities } },
  };
}

/** As on a host on which crun works: without an empty v2 hierarchy beside v1's. */
const ALONE = `mount --make-rprivate /
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi`;

/** `RUNTIME run --no-pivot` after the script, in a mount namespace of its own. */
function runNoPivot(
  kago: Kago,
  runtime = KAGO,
  script = ALONE,
): Promise<RunResult> {
  const command = `${script}\nexec "$0" --root "$1" run --no-pivot --bundle "$2" "$3"`;
  const root = `${kago.root}/${runtime === KAGO ? "" : "peer"}`;
  const words = [runtime, root, kago.bundle.path, kago.id];
  return run("unshare", ["--mount", "sh", "-ec", command, ...words]);
}

const REFUSED = "ended 1\n";

for (const type of ["proc", "sysfs"] as const) {
  Deno.test(`without pivot_root a nested user namespace mounts no unmasked ${type}`, async () => {
    await Kago.with(tries(type), async (kago) => {
      const { stdout, stderr } = await runNoPivot(kago);
      assertEquals(stdout, REFUSED, stderr);
      for (const peer of ["runc", "crun"]) {
        assertEquals((await runNoPivot(kago, peer)).stdout, REFUSED, peer);
        await Deno.remove(`${kago.root}/peer`, { recursive: true });
      }
    });
  });

  Deno.test(`nor does it where another mount hides the host's ${type}, and it has no path`, async () => {
    await Kago.with(tries(type), async (kago) => {
      const folder = `${kago.bundle.path}/a \\134b`;
      const hide = `mkdir -p '${folder}/below'
        mount -t ${type} ${type} '${folder}/below'
        mount -t tmpfs tmpfs '${folder}'`;
      const { stdout, stderr } = await runNoPivot(kago, KAGO, `${ALONE}\n${hide}`);
      assertEquals(stdout, REFUSED, stderr);
    });
  });

  Deno.test(`nor does it where the host's ${type} is locked, as it is for a user namespace`, async () => {
    const options = tries(type);
    const identity = [{ containerID: 0, hostID: 0, size: 65536 }];
    const types = ["pid", "network", "ipc", "uts", "mount", "user"];
    const linux = {
      namespaces: types.map((name) => ({ type: name })),
      uidMappings: identity,
      gidMappings: identity,
    };
    await Kago.with({ ...options, config: { ...options.config, linux } }, async (kago) => {
      const { stdout, stderr } = await runNoPivot(kago);
      assertEquals(stdout, REFUSED, stderr);
    });
  });
}

Deno.test("without pivot_root the container sees its own mounts, and they work", async () => {
  const script =
    "cut -d ' ' -f 5 /proc/self/mountinfo | sort | head -4; echo x > /dev/shm/x; cat /dev/shm/x";
  await Kago.with({ args: ["sh", "-c", script] }, async (kago) => {
    const [without, usual] = [await runNoPivot(kago), await kago.foreground()];
    assertEquals(without, usual);
    assertEquals(usual.code, 0);
  });
});
