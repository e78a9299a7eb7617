/** The annotations for devices against the real libkrun. Runs inside the emulated host. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

async function compileEcho(path: string): Promise<void> {
  const source = new URL("vsock_echo.c", import.meta.url).pathname;
  await runOk("cc", ["-O1", "-Wall", "-Wextra", "-static", "-o", path, source]);
}

/** Answers one connection to the unix socket `path` with the received text in capitals. */
async function answerOnce(path: string): Promise<void> {
  using listener = Deno.listen({ transport: "unix", path });
  await Deno.chmod(path, 0o666);
  using connection = await listener.accept();
  const buffer = new Uint8Array(256);
  const size = await connection.read(buffer);
  const text = new TextDecoder().decode(buffer.subarray(0, size ?? 0));
  await connection.write(new TextEncoder().encode(text.toUpperCase()));
  // The guest closes first: libkrun before 1.18 loses data in flight when the host closes.
  await connection.read(buffer);
}

Deno.test("a guest has its disks, its socket and its console, and the container's own files behind them", async () => {
  const script = [
    "cat /sys/block/vda/size /sys/block/vda/ro /sys/block/vdb/size /sys/block/vdb/ro",
    "stat -c '%A %u:%g' /dev/vda /dev/vdb",
    "head -c 5 /dev/vda; echo",
    "printf written | dd of=/dev/vda bs=512 seek=1 conv=notrunc 2>/dev/null; sync",
    "echo hello host | /bin/vsock_echo 2000",
    "mknod /dev/kmsg c 1 11; echo '<2>to the console' > /dev/kmsg",
    "sleep 1",
  ].join("; ");
  const annotations = {
    ...KRUN,
    "krun.disk": "/disk.img,/tools.img:ro",
    "krun.vsock": "2000=/run/host.sock",
    "krun.console": "/var/console",
  };
  const capabilities = Object.fromEntries(
    ["bounding", "permitted", "effective"].map((set) => [set, ["CAP_MKNOD", "CAP_SYS_ADMIN"]]),
  );
  const options = {
    annotations,
    args: ["/bin/sh", "-c", script],
    config: { process: { capabilities } },
  };
  await Kago.with(options, async (kago) => {
    const { rootfs, path } = kago.bundle;
    await compileEcho(`${rootfs}/bin/vsock_echo`);
    await Deno.writeTextFile(`${rootfs}/disk.img`, "first".padEnd(1 << 20, "."));
    await Deno.writeTextFile(`${rootfs}/tools.img`, "x".repeat(1 << 19));
    const answered = answerOnce(`${rootfs}/run/host.sock`);
    const result = await kago.runWith({ timeout: 90 }, "run", "-b", path, kago.id);
    assertEquals(result.code, 0, result.stderr);
    await answered;
    assertEquals(result.stdout.trim().split("\n"), [
      ...["2048", "0", "1024", "1"],
      ...["brw------- 0:0", "brw------- 0:0", "first", "HELLO HOST"],
    ]);
    const disk = await Deno.readTextFile(`${rootfs}/disk.img`);
    assertEquals(disk.slice(512, 519), "written");
    const console = await Deno.readTextFile(`${rootfs}/var/console`);
    assertStringIncludes(console, "to the console");
  });
});

Deno.test("the host reaches a port of the guest through a socket in the container", async () => {
  const annotations = {
    ...KRUN,
    "krun.vsock": "listen:3000=/run/guest.sock",
    "krun.console": "none",
  };
  await Kago.with({ annotations, args: ["/bin/vsock_echo", "listen", "3000"] }, async (kago) => {
    const { rootfs } = kago.bundle;
    await compileEcho(`${rootfs}/bin/vsock_echo`);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("listening");
    using connection = await Deno.connect({ transport: "unix", path: `${rootfs}/run/guest.sock` });
    await connection.write(new TextEncoder().encode("ping"));
    const buffer = new Uint8Array(16);
    const size = await connection.read(buffer);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, size ?? 0)), "ping");
    await kago.until("stopped");
  });
});

Deno.test("an image sizes its guest", async () => {
  const annotations = { "run.oci.handler": "krun" };
  const script = "nproc; awk '/MemTotal/ {print $2}' /proc/meminfo";
  await Kago.with({ annotations, args: ["/bin/sh", "-c", script] }, async (kago) => {
    const { rootfs, path } = kago.bundle;
    await Deno.writeTextFile(`${rootfs}/.krun_vm.json`, '{"cpus":2,"ram_mib":192}');
    const result = await kago.runWith({ timeout: 90 }, "run", "-b", path, kago.id);
    assertEquals(result.code, 0, result.stderr);
    const [cpus, kib] = result.stdout.trim().split("\n").map(Number);
    assertEquals(cpus, 2);
    // The guest also counts some of the memory in which libkrun places its kernel.
    assert(kib! < 224 * 1024 && kib! > 128 * 1024, `${kib} KiB`);
  });
});

Deno.test("a libkrun that does not nest on Linux is refused with the annotation's name", async () => {
  const annotations = { ...KRUN, "krun.nested_virt": "1" };
  await Kago.with({ annotations, args: ["/bin/true"] }, async (kago) => {
    kago.globals.push("--allow-annotation", "krun.nested_virt");
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "krun.nested_virt");
    assert(!stderr.includes("--allow-annotation"), stderr);
  });
});
