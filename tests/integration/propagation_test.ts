/**
 * linux.rootfsPropagation where the caller's mounts are shared, as on every host with systemd: what a container mounts and
 * unmounts reaches the host only where that is asked for. Each test has a mount namespace of its own, since a fault here takes
 * the host's mounts away.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

const VALUES = [
  "private",
  "rprivate",
  "slave",
  "rslave",
  "shared",
  "rshared",
  "unbindable",
  "runbindable",
] as const;

/** Runs the script, in which `$1` is kago with its state root and `$2` the bundle, in a namespace of shared mounts. */
function onSharedHost(kago: Kago, script: string): Promise<string> {
  // Private first: where the mounts are shared already, these would be their peers.
  const words = `mount --make-rshared /\n${COMPARE}${script}`;
  const args = ["--mount", "--propagation=private", "sh", "-euc", words, "sh"];
  return runOk("unshare", [...args, `${KAGO} --root ${kago.root}`, kago.bundle.path]);
}

/** `mounts` prints what is mounted, without the mounts' ids; `same COMMAND…` fails when that is not as before. */
const COMPARE = `
mounts() { cut -d ' ' -f 3- /proc/self/mountinfo | sort; }
same() {
  before=$(mounts)
  "$@"
  after=$(mounts)
  test "$before" = "$after" || { echo "before: $before"; echo "after: $after"; exit 9; } >&2
}
`;

/** The optional fields of the root's line in mountinfo (proc_pid_mountinfo(5)). */
const OWN_ROOT = [
  "sh",
  "-c",
  "sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\/ [^ ]* \\(.*\\)- .*/\\1/p' /proc/self/mountinfo",
];

/** What the root is to show. */
function rootOf(value: (typeof VALUES)[number] | undefined): RegExp {
  if (!value) return /^\n$/;
  if (value.includes("shared")) return /^shared:\d+ \n$/;
  if (value.includes("slave")) return /^master:\d+ \n$/;
  return value.includes("unbindable") ? /^unbindable \n$/ : /^\n$/;
}

for (const value of [...VALUES, undefined]) {
  const config = { linux: value ? { rootfsPropagation: value } : {} };

  Deno.test(`rootfsPropagation ${value} leaves the caller's shared mounts alone, and is the root's`, async () => {
    await Kago.with({ args: OWN_ROOT, config }, async (kago) => {
      const folder = await onSharedHost(kago, `same $1 run --bundle $2 ${kago.id}`);
      assertMatch(folder, rootOf(value));
      // As an engine's storage has it: the root filesystem is a mount of its own.
      const mounted = await onSharedHost(
        kago,
        `mount --bind $2/rootfs $2/rootfs; same $1 run --bundle $2 ${kago.id}`,
      );
      assertMatch(mounted, rootOf(value));
    });
  });

  Deno.test(`rootfsPropagation ${value} with --no-pivot leaves the caller's shared mounts alone`, async () => {
    await Kago.with({ args: ["true"], config }, async (kago) => {
      await onSharedHost(kago, `same $1 run --no-pivot --bundle $2 ${kago.id}`);
    });
  });
}

Deno.test("create, exec, kill and delete leave the caller's shared mounts alone", async () => {
  const config = { linux: { rootfsPropagation: "rshared" } };
  await Kago.with({ args: ["sleep", "100"], config }, async (kago) => {
    const { id } = kago;
    await onSharedHost(
      kago,
      `same $1 create --bundle $2 ${id} > $2/output 2>&1
      same $1 start ${id}
      same $1 exec ${id} true
      same $1 kill ${id} KILL
      same $1 delete --force ${id}`,
    );
  });
});

/** Mounts a tmpfs on the volume `/data`, which takes CAP_SYS_ADMIN, and waits. */
function mountOnVolume(bundle: string, rootfsPropagation: string, options: readonly string[]) {
  const capabilities = ["CAP_SYS_ADMIN"];
  return {
    args: ["sh", "-c", "mount -t tmpfs inner /data/inner && echo mounted && sleep 100"],
    config: {
      process: {
        capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      },
      linux: { rootfsPropagation },
    },
    mounts: [{
      destination: "/data",
      type: "bind",
      source: bundle,
      options: ["rbind", ...options],
    }],
  };
}

/** Prints how often the tmpfs of mountOnVolume() is seen on the host, while the container runs. */
async function seenOnHost(rootfsPropagation: string, options: readonly string[]): Promise<string> {
  const volume = await Deno.makeTempDir({ prefix: "volume_" });
  let seen = "";
  try {
    await Kago.with(mountOnVolume(volume, rootfsPropagation, options), async (kago) => {
      seen = await onSharedHost(
        kago,
        // Not on the root's own mount, which is made private for the container.
        `mount -t tmpfs volume ${volume}; mkdir ${volume}/inner
        $1 run --detach --bundle $2 ${kago.id} > $2/output 2>&1
        until grep -q mounted $2/output; do sleep 0.1; done
        grep -c ' ${volume}/inner ' /proc/self/mountinfo || :
        $1 delete --force ${kago.id}`,
      );
    });
  } finally {
    await Deno.remove(volume, { recursive: true });
  }
  return seen.trim();
}

Deno.test("what a container mounts on a shared volume reaches the host with a shared root only", async () => {
  assertEquals(await seenOnHost("shared", ["rshared"]), "1");
  assertEquals(await seenOnHost("rslave", ["rshared"]), "0");
  // Without a word about the volume either.
  assertEquals(await seenOnHost("private", []), "0");
});

for (const value of ["slave", "rslave"]) {
  Deno.test(`a container with rootfsPropagation ${value} sees what the host mounts below its root later`, async () => {
    const config = { linux: { rootfsPropagation: value } };
    await Kago.with({ args: ["sleep", "100"], config }, async (kago) => {
      await Deno.mkdir(`${kago.bundle.rootfs}/late`);
      const seen = await onSharedHost(
        kago,
        `$1 run --detach --bundle $2 ${kago.id} > $2/output 2>&1
        mount -t tmpfs late $2/rootfs/late
        $1 exec ${kago.id} grep -c '^late /late tmpfs' /proc/mounts
        umount $2/rootfs/late
        $1 delete --force ${kago.id}`,
      );
      assertEquals(seen, "1\n");
    });
  });
}

Deno.test("delete takes away all that a container without a mount namespace has mounted", async () => {
  const namespaces = ["pid", "network", "ipc", "uts"].map((type) => ({ type }));
  const config = { linux: { namespaces, maskedPaths: [], readonlyPaths: [] } };
  await Kago.with({ args: ["sleep", "100"], config }, async (kago) => {
    await onSharedHost(
      kago,
      `mount --bind $2/rootfs $2/rootfs
      cycle() {
        $1 run --detach --bundle $2 ${kago.id} > $2/output 2>&1
        $1 delete --force ${kago.id}
      }
      same cycle "$1" "$2"`,
    );
  });
});
