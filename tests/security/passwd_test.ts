/** Files of the image that say who its users are, and are none. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

const TERABYTE = 2 ** 40;

/** A file that takes hours to read, and no room on the disk. */
async function plantSparse(path: string): Promise<void> {
  using file = await Deno.create(path);
  await file.truncate(TERABYTE);
}

/** `kago run` with little patience. */
function hasty(kago: Kago) {
  return kago.runWith({ timeout: 20 }, "run", "--bundle", kago.bundle.path, kago.id);
}

Deno.test("a passwd of a terabyte ends run with a sentence, and one that HOME is given with is not read", async () => {
  await Kago.with({ args: ["sh", "-c", "echo $HOME"] }, async (kago) => {
    await plantSparse(`${kago.bundle.rootfs}/etc/passwd`);
    const { code, stderr } = await hasty(kago);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "/etc/passwd of the root filesystem, which is searched for HOME, is larger than 4 MiB; set",
    );
  });
  await Kago.with({ args: ["sh", "-c", "echo $HOME"], env: ["HOME=/given"] }, async (kago) => {
    await plantSparse(`${kago.bundle.rootfs}/etc/passwd`);
    assertEquals(await hasty(kago), { code: 0, stdout: "/given\n", stderr: "" });
  });
});

Deno.test("a FIFO, a device, a folder and a link to either are no passwd, and hold nothing up", async () => {
  const plants: Record<string, (path: string) => Promise<unknown>> = {
    FIFO: (path) => run("mkfifo", [path]),
    device: (path) => run("mknod", [path, "c", "1", "5"]),
    folder: (path) => Deno.mkdir(path),
    "link to a device": (path) => Deno.symlink("/dev/zero", path),
    "link to the kernel's log": (path) => Deno.symlink("/proc/kmsg", path),
  };
  for (const [name, plant] of Object.entries(plants)) {
    await Kago.with({ args: ["sh", "-c", "echo $HOME"] }, async (kago) => {
      const path = `${kago.bundle.rootfs}/etc/passwd`;
      await Deno.remove(path);
      await plant(path);
      assertEquals(await hasty(kago), { code: 0, stdout: "/\n", stderr: "" }, name);
    });
  }
});

Deno.test("exec reads no passwd and no group of a terabyte", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const exec = (...words: string[]) => kago.runWith({ timeout: 20 }, "exec", ...words);
    for (const file of ["group", "passwd"]) {
      await plantSparse(`${kago.bundle.rootfs}/etc/${file}`);
      const user = file === "group" ? "0:wheel" : "nobody";
      const { code, stderr } = await exec("--user", user, kago.id, "true");
      assertEquals(code, 255);
      assertStringIncludes(stderr, `read /etc/${file} below`);
      assertStringIncludes(stderr, "file too large");
    }
    const { code, stderr } = await exec("--user", "0", kago.id, "true");
    assertEquals(code, 255);
    assertStringIncludes(stderr, "larger than 4 MiB");
  });
});

Deno.test("exec by a name waits for nothing that the kernel makes up in place of passwd", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const path = `${kago.bundle.rootfs}/etc/passwd`;
    for (const target of ["/proc/kmsg", "/sys/kernel/notes"]) {
      await Deno.remove(path);
      await Deno.symlink(target, path);
      const words = ["exec", "--user", "nobody", kago.id, "true"];
      const { code, stderr } = await kago.runWith({ timeout: 20 }, ...words);
      assertEquals(code, 255, target);
      assertStringIncludes(stderr, "read /etc/passwd below");
    }
  });
});
