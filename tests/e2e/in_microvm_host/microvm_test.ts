/** kago's microVMs against the real libkrun. Runs inside the emulated host, started by ../microvm_host_test.ts. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { runUnder } from "../../harness/administrator.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run } from "../../harness/run.ts";
import { unlessGone } from "../../harness/unless_gone.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

function microvm(args: readonly string[], options: BundleOptions = {}): BundleOptions {
  return { annotations: KRUN, args, ...options };
}

/** Runs a script in a microVM; a guest takes seconds to boot under emulation. */
async function guest(
  script: string,
  options: BundleOptions,
  use: (result: { code: number; stdout: string; stderr: string }) => void,
): Promise<void> {
  await Kago.with(microvm(["/bin/sh", "-c", script], options), async (kago) => {
    use(await kago.runWith({ timeout: 180 }, "run", "-b", kago.bundle.path, kago.id));
  });
}

Deno.test("libkrun is loaded from the file that the administrator names, with the firmware beside it", async () => {
  const folder = await Deno.makeTempDir({ dir: "/usr/local/lib", prefix: "kago_libkrun_" });
  await Deno.chmod(folder, 0o755);
  for (const name of ["libkrun.so.1", "libkrunfw.so.5"]) {
    await Deno.copyFile(`/usr/lib/x86_64-linux-gnu/${name}`, `${folder}/${name}`);
  }
  // Each is found only there.
  const hide = ["libkrun.so.1", "libkrunfw.so.5"]
    .map((name) => `mount --bind /dev/null /usr/lib/x86_64-linux-gnu/${name}; `).join("");
  try {
    await Kago.with(microvm(["/bin/uname", "-r"]), async (kago) => {
      const words = [KAGO, "--root", kago.root, "--libkrun", `${folder}/libkrun.so.1`];
      const command = [...words, "run", "-b", kago.bundle.path, kago.id];
      const all = ["-m", "sh", "-c", `${hide}exec "$@"`, "sh", ...command];
      const { code, stdout, stderr } = await run("unshare", all, { timeout: 180 });
      assertEquals(code, 0, stderr);
      assertNotEquals(stdout.trim(), Deno.osRelease());
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the administrator's cpus and ram reach a guest that says nothing, and its kernel is his", async () => {
  const folder = await Deno.makeTempDir({ dir: "/usr/local/lib", prefix: "kago_kernel_" });
  await Deno.chmod(folder, 0o755);
  const kernel = `${folder}/libkrunfw.so.5`;
  await Deno.copyFile("/usr/lib/x86_64-linux-gnu/libkrunfw.so.5", kernel);
  const script = "nproc; grep MemTotal /proc/meminfo";
  const annotations = { "run.oci.handler": "krun" };
  try {
    await Kago.with({ args: ["/bin/sh", "-c", script], annotations }, async (kago) => {
      const text = JSON.stringify({ cpus: 2, ramMib: 320, kernel });
      const { code, stdout, stderr } = await runUnder(kago, text, { timeout: 180 });
      assertEquals(code, 0, stderr);
      const [cpus, memory = ""] = stdout.trim().split("\n");
      assertEquals(cpus, "2");
      const mib = Number(/(\d+) kB/.exec(memory)?.[1]) / 1024;
      // libkrun adds some memory for the kernel itself.
      assert(mib > 256 && mib < 400, memory);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a microVM has a kernel of its own, and its args, env and cwd arrive", async () => {
  const script =
    'echo "kernel $(uname -r)"; echo "cwd $(pwd)"; echo "env $GREETING"; echo "args $0 $1 $#"';
  const options = {
    annotations: KRUN,
    args: ["/bin/sh", "-c", script, "zero", "one two"],
    env: ["GREETING=héllo wörld"],
    cwd: "/tmp",
  };
  await Kago.with(options, async (kago) => {
    const { code, stdout, stderr } = await kago.runWith(
      { timeout: 180 },
      "run",
      "-b",
      kago.bundle.path,
      kago.id,
    );
    assertEquals(code, 0, stderr);
    const kernel = /kernel (\S+)/.exec(stdout)?.[1];
    assert(kernel, stdout);
    assertNotEquals(kernel, Deno.osRelease());
    assertStringIncludes(stdout, "cwd /tmp");
    assertStringIncludes(stdout, "env héllo wörld");
    assertStringIncludes(stdout, "args zero one two 1");
  });
});

Deno.test("exit codes 0 and 7 of the guest are those of run, and 127 for a missing program", async () => {
  await guest("exit 0", {}, ({ code, stderr }) => assertEquals(code, 0, stderr));
  await guest("exit 7", {}, ({ code, stderr }) => assertEquals(code, 7, stderr));
  await Kago.with(microvm(["/no/such/program"]), async (kago) => {
    const { code } = await kago.runWith({ timeout: 180 }, "run", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 127);
  });
});

Deno.test("stdin reaches the guest and its stdout comes back", async () => {
  await Kago.with(microvm(["/bin/cat"]), async (kago) => {
    const options = { timeout: 180, stdin: "through the VM\n" };
    const result = await kago.runWith(options, "run", "-b", kago.bundle.path, kago.id);
    assertStringIncludes(result.stdout, "through the VM");
    assertEquals(result.code, 0, result.stderr);
  });
});

Deno.test("create, start, state, kill and delete work on a microVM", async () => {
  await Kago.with(microvm(["/bin/sh", "-c", "echo up; exec sleep 1000"]), async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.state()).status, "created");
    assertEquals(kago.output(), "");
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    assertEquals((await kago.state()).status, "running");
    await kago.says("up");
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await kago.until("stopped");
    assertEquals((await kago.run("delete", kago.id)).code, 0);
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("two microVMs run at once", async () => {
  await Kago.with(microvm(["/bin/sh", "-c", "sleep 2; exit 3"]), async (first) => {
    await Kago.with(microvm(["/bin/sh", "-c", "sleep 2; exit 4"]), async (second) => {
      const results = await Promise.all(
        [first, second].map((kago) =>
          kago.runWith({ timeout: 180 }, "run", "-b", kago.bundle.path, kago.id)
        ),
      );
      assertEquals(results.map(({ code }) => code), [3, 4]);
    });
  });
});

Deno.test("every thread of the VMM has the container's user, capabilities and no_new_privs", async () => {
  const config = {
    process: {
      user: { uid: 1000, gid: 1001, additionalGids: [7] },
      capabilities: { bounding: ["CAP_KILL", "CAP_FOWNER"], permitted: [], effective: [] },
    },
  };
  const args = ["/bin/sh", "-c", "echo up; exec sleep 1000"];
  await Kago.with(microvm(args, { config }), async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    const { pid } = await kago.state();
    await kago.says("up");
    const statuses = [...Deno.readDirSync(`/proc/${pid}/task`)]
      .map(({ name }) =>
        unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`))
      ).filter((status) => status !== undefined);
    assert(statuses.length > 2, `${statuses.length} threads`);
    for (const status of statuses) {
      assertMatch(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
      assertMatch(status, /^Gid:\t1001\t1001\t1001\t1001$/m);
      assertMatch(status, /^Groups:\t7 $/m);
      assertMatch(status, /^CapPrm:\t0{16}$/m);
      assertMatch(status, /^CapEff:\t0{16}$/m);
      assertMatch(status, /^CapBnd:\t0{14}08$/m);
      assertMatch(status, /^NoNewPrivs:\t1$/m);
    }
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
  });
});

Deno.test("the VMM's executable cannot be written from its namespaces", async () => {
  await Kago.with(microvm(["/bin/sleep", "1000"]), async (kago) => {
    await kago.create();
    const { pid } = await kago.state();
    const exe = await run("sh", ["-c", `echo x >> /proc/${pid}/exe`]);
    assertNotEquals(exe.code, 0);
    assertMatch(exe.stderr, /Text file busy|Operation not permitted|Permission denied/);
    const mounts = await Deno.readTextFile(`/proc/${pid}/mountinfo`);
    assert(mounts.length > 0);
  });
});

Deno.test("invoked as krun, a bundle without the annotation becomes a microVM", async () => {
  await Kago.with(
    { args: ["/bin/sh", "-c", "uname -r"], annotations: { "krun.ram_mib": "256" } },
    async (kago) => {
      const krun = `${kago.bundle.path}/krun`;
      await Deno.symlink(KAGO, krun);
      const args = ["--root", kago.root, "run", "-b", kago.bundle.path, kago.id];
      const { stdout, code, stderr } = await run(krun, args, { timeout: 180 });
      assertEquals(code, 0, stderr);
      assertNotEquals(stdout.trim(), Deno.osRelease());
    },
  );
});
