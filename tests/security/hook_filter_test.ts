/** The hooks that run in the container have its seccomp filter, as with runc. Needs root. */
import { assertEquals } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { attack } from "./attack.ts";

/** How the hook finds itself, and whether it makes a folder. */
const SCRIPT =
  "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status > /told 2>/dev/null; mkdir /made 2>> /told; :";
const REFUSED = "mkdir: can't create directory '/made': Disk quota exceeded\n"; // EDQUOT

/** crun does not run where an empty v2 hierarchy lies beside v1's. */
const PEER = `mount --make-rprivate /
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
  exec "$0" --root "$1" run --bundle "$2" "$3"`;

function bundle(noNewPrivileges: boolean): BundleOptions {
  const names = ["mkdir", "mkdirat"];
  const seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names, action: "SCMP_ACT_ERRNO", errnoRet: 122 }],
  };
  const hooks = { startContainer: [{ path: "/bin/sh", args: ["sh", "-c", SCRIPT] }] };
  return { args: ["true"], config: { hooks, process: { noNewPrivileges }, linux: { seccomp } } };
}

for (const noNewPrivileges of [true, false]) {
  const kind = noNewPrivileges ? "with" : "without";

  attack(
    `a startContainer hook runs under the container's filter, ${kind} no_new_privs`,
    () => bundle(noNewPrivileges),
    async ({ kago, rootfs, run: runContainer }) => {
      const { code, stderr } = await runContainer();
      assertEquals([code, stderr], [0, ""]);
      const told = await Deno.readTextFile(`${rootfs}/told`);
      assertEquals(told, `NoNewPrivs:\t${noNewPrivileges ? 1 : 0}\nSeccomp:\t2\n${REFUSED}`);
      await Deno.remove(`${rootfs}/told`);

      for (const peer of ["runc", "crun"]) {
        const words = [peer, `${kago.root}/peer`, kago.bundle.path, kago.id];
        const { code: peers } = await run("unshare", ["--mount", "sh", "-ec", PEER, ...words]);
        await Deno.remove(`${kago.root}/peer`, { recursive: true });
        assertEquals([peer, peers], [peer, 0]);
        assertEquals(await Deno.readTextFile(`${rootfs}/told`), told, `as with ${peer}`);
        await Deno.remove(`${rootfs}/told`);
      }
    },
    ["process"],
  );
}

attack(
  "a startContainer hook of a microVM runs under the filter of the VMM",
  () => bundle(true),
  async ({ rootfs, run: runContainer }) => {
    const { stderr } = await runContainer();
    assertEquals(stderr, "");
    // A VMM sees no procfs that would tell more.
    assertEquals(await Deno.readTextFile(`${rootfs}/told`), REFUSED);
  },
  ["microVM"],
);

Deno.test("the program has one filter, whether a hook had it before or not", async () => {
  const { config, ...options } = bundle(true);
  const args = ["grep", "Seccomp_filters:", "/proc/self/status"];
  await Kago.with({ ...options, config: { ...config, hooks: undefined }, args }, async (kago) => {
    assertEquals((await kago.foreground()).stdout, "Seccomp_filters:\t1\n");
  });
  await Kago.with({ ...options, config: config!, args }, async (kago) => {
    assertEquals((await kago.foreground()).stdout, "Seccomp_filters:\t1\n");
  });
});
