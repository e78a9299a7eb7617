/** Containers without a mount namespace: what they mount lies on the host for as long as they are there, no longer. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";

const WITHOUT = {
  config: {
    linux: {
      namespaces: ["pid", "network", "ipc", "uts"].map((type) => ({ type })),
      maskedPaths: [],
      readonlyPaths: [],
    },
  },
};

function mountsBelow(path: string): string[] {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").trim().split("\n");
  return lines.map((line) => line.split(" ")[4]!)
    .filter((place) => place === path || place.startsWith(`${path}/`));
}

/** Of all mounts that are not the container's: which are shared, which are slaves. */
function hostPropagation(rootfs: string): string[] {
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").trim().split("\n");
  return lines.filter((line) => !line.split(" ")[4]!.startsWith(rootfs));
}

Deno.test("run without a mount namespace has its mounts in the host's, and none of them afterwards", async () => {
  const script = "readlink /proc/self/ns/mnt; echo hello > /dev/null && grep -c . /proc/mounts";
  await Kago.with({ ...WITHOUT, args: ["sh", "-c", script] }, async (kago) => {
    const before = hostPropagation(kago.bundle.rootfs);
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, Deno.readLinkSync("/proc/self/ns/mnt"));
    assertEquals(mountsBelow(kago.bundle.rootfs), []);
    assertEquals(hostPropagation(kago.bundle.rootfs), before);
  });
});

Deno.test("delete takes away what a container without a mount namespace has mounted", async () => {
  await Kago.with({ ...WITHOUT, args: ["sleep", "100"] }, async (kago) => {
    const { rootfs } = kago.bundle;
    assertEquals((await kago.create()).code, 0, kago.output());
    assertEquals(mountsBelow(rootfs).includes(`${rootfs}/proc`), true);
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
    assertEquals(mountsBelow(rootfs), []);
  });
});

Deno.test("a failing create without a mount namespace leaves nothing mounted", async () => {
  const mounts = [{ destination: "/data", type: "bind", source: "/no/such", options: ["bind"] }];
  await Kago.with({ ...WITHOUT, mounts }, async (kago) => {
    const { code, stdout } = await kago.create();
    assertEquals(code, 1);
    assertMatch(stdout, /mounts\[7\]\.source: .*no such file/);
    assertEquals(mountsBelow(kago.bundle.rootfs), []);
  });
});

Deno.test("delete leaves alone what was mounted at the root before", async () => {
  await Kago.with({ ...WITHOUT, args: ["true"] }, async (kago) => {
    const { rootfs } = kago.bundle;
    const mount = (...args: string[]) => new Deno.Command("mount", { args }).output();
    await mount("--bind", rootfs, rootfs);
    try {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      assertEquals(mountsBelow(rootfs), [rootfs]);
    } finally {
      await new Deno.Command("umount", { args: [rootfs] }).output();
    }
  });
});
