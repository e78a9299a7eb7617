/**
 * Large and slow streams of processes executed in a microVM, with the real libkrun. Runs inside the emulated host, with
 * one VM for all tests.
 *
 * The files are 64 MiB, more than a thousand times the maximum in flight. 1 GiB, which MICROVM_STREAM_MIB=1024 sets,
 * takes too long for a suite under nested emulation.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { askGuest } from "../../harness/ask_guest.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

const SIZE_MIB = Number(Deno.env.get("MICROVM_STREAM_MIB") ?? 64);

/** Bytes of each stream, where a process writes to both. */
const BOTH = 8 << 20;

/** Seconds; nested emulation transfers a few MiB per second. */
const TIMEOUT = 60 + SIZE_MIB * 2;

/** The maximum in KiB of the process that represents one in the guest, however much is sent; 90 KiB of it are code. */
const MOST_OF_RELAY = 4 * 1024;

/** The maximum in KiB that a stalled stream may take in the guest: its window, and the buffers of sockets and pipes. */
const MOST_OF_GUEST = 8 * 1024;

/** `kago exec` of a shell script, as words for a shell on the host. */
function exec(kago: Kago, script: string, ...options: string[]): string[] {
  return [KAGO, "--root", kago.root, "exec", ...options, kago.id, "/bin/sh", "-c", script];
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" ");
}

/** KiB; the process's peak so far. */
function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]);
}

/** KiB available in the guest's kernel. */
async function availableIn(kago: Kago): Promise<number> {
  const figures = await askGuest(kago, "figures");
  return Number(new DataView(figures.slice().buffer).getBigUint64(8, true) / 1024n);
}

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

/** A process of the guest whose stream is not read for a while: others are served, and nothing accumulates. */
async function whileStalled(
  kago: Kago,
  script: string,
  use: (child: Deno.ChildProcess) => Promise<void>,
): Promise<void> {
  const pidFile = `${kago.bundle.path}/relay.pid`;
  const [program, ...args] = exec(kago, script, "--pid-file", pidFile);
  const before = await availableIn(kago);
  const child = new Deno.Command(program!, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    await use(child);
    const relay = Number(Deno.readTextFileSync(pidFile));
    assert(peakOf(relay) < MOST_OF_RELAY, `${peakOf(relay)} KiB in the process on the host`);
    const [other, ...words] = exec(kago, "echo answered");
    assertStringIncludes(await runOk(other!, words, { timeout: TIMEOUT }), "answered");
    const taken = before - await availableIn(kago);
    assert(taken < MOST_OF_GUEST, `${taken} KiB of the guest's memory`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

const CASES: Record<string, (kago: Kago) => Promise<void>> = {
  async "a large file goes in whole"(kago) {
    const command = `${quoted(exec(kago, "md5sum"))} < ${kago.bundle.rootfs}/random`;
    const [there] = (await runOk("sh", ["-c", command], { timeout: TIMEOUT })).split(" ");
    const [here] = (await runOk("md5sum", [`${kago.bundle.rootfs}/random`])).split(" ");
    assertEquals(there, here);
  },
  async "a large file comes out whole"(kago) {
    // dd prints how many bytes arrived.
    const command = `${quoted(exec(kago, "cat /random"))} | dd bs=64K | md5sum`;
    const words = ["-o", "pipefail", "-c", command];
    const { code, stdout, stderr } = await run("bash", words, { timeout: TIMEOUT });
    assertEquals(code, 0, stderr);
    const [there] = (await runOk("md5sum", [`${kago.bundle.rootfs}/random`])).split(" ");
    assertEquals(stdout.split(" ")[0], there, stderr);
  },
  async "standard output and standard error arrive whole at once"(kago) {
    const { path, rootfs } = kago.bundle;
    const script = `for fd in 1 2; do head -c ${BOTH} /random >&$fd & done; wait`;
    const command = `${quoted(exec(kago, script))} >${path}/out 2>${path}/err`;
    await runOk("sh", ["-c", command], { timeout: TIMEOUT });
    const same =
      `head -c ${BOTH} ${rootfs}/random | tee >(cmp - ${path}/out >&2) | cmp - ${path}/err`;
    const { code, stdout, stderr } = await run("bash", ["-o", "pipefail", "-c", same]);
    assertEquals([code, stdout, stderr], [0, "", ""]);
  },
  async "a reader that stops holds its own writer up, not the VM"(kago) {
    await whileStalled(kago, "cat /dev/zero", async ({ stdout }) => {
      const reader = stdout.getReader();
      const { value } = await reader.read();
      assert(value!.length > 0);
      await seconds(5);
      // It continues where it was.
      let size = 0;
      while (size < 1 << 20) size += (await reader.read()).value!.length;
      await seconds(2);
      reader.releaseLock();
    });
  },
  async "a process that does not read holds its sender up, not the VM"(kago) {
    await whileStalled(kago, "echo up; exec sleep 1000", async ({ stdin, stdout }) => {
      const reader = stdout.getReader();
      await reader.read();
      const writer = stdin.getWriter();
      let sent = 0;
      const feed = (async () => {
        const chunk = new Uint8Array(16384);
        for (;;) {
          await writer.write(chunk);
          sent += chunk.length;
        }
      })().catch(() => {});
      let [last, since] = [sent, performance.now()];
      await until(() => `the sender is held up, but ${sent} bytes were taken`, () => {
        if (sent !== last) [last, since] = [sent, performance.now()];
        return sent > 0 && performance.now() - since > 3000;
      });
      assert(sent < 1 << 20, `${sent} bytes were taken`);
      void feed;
      reader.releaseLock();
    });
  },
};

Deno.test({
  name: "streams of a microVM's processes arrive whole, and wait for their readers",
  // The blocked sender ends with its process.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const annotations = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
    await Kago.with({ annotations, args: ["/bin/sleep", "100000"] }, async (kago) => {
      const file = `${kago.bundle.rootfs}/random`;
      await runOk("dd", ["if=/dev/urandom", `of=${file}`, "bs=1M", `count=${SIZE_MIB}`]);
      const { code, stdout } = await kago.create();
      assertEquals(code, 0, stdout);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      for (const [name, fn] of Object.entries(CASES)) {
        await t.step(name, () =>
          fn(kago).catch(async (error) => {
            throw new Error(await kago.report(), { cause: error });
          }));
      }
    });
  },
});
