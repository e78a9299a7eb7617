/**
 * The emulated host: a Debian kernel in QEMU whose TCG emulates hardware virtualisation, with this machine's files under a
 * writable overlay. Inside, /dev/kvm runs microVMs, cgroups are v2, and root has every capability. It exists because build
 * machines often have none of that. Changes inside do not reach this machine, except through `results`. A host with a
 * release has another root: a Debian (debian_root.ts), which systemd may boot, with this repository in it.
 */
import { tell } from "./command.ts";
import { EmulatedHostError, type HostOptions, type HostRun } from "./host_options.ts";
import { type Job, writeJob } from "./job.ts";
import { splitAtMarks } from "./marked_stream.ts";
import { type HostImage, prepareEmulatedHost } from "./prepare.ts";
import { BOOT_LIMIT, Qemu } from "./qemu.ts";

export { EmulatedHostError, type HostOptions, type HostRun } from "./host_options.ts";

/**
 * Seconds without a sign of life, which is due every 15. QEMU's emulation of nested guests may keep its processor for ever;
 * no timer of the host's kernel runs then.
 */
const SILENCE_LIMIT = 240;

/**
 * Boots the host, runs `command` as root in it, and shuts it down. A host that does not boot is started once more. Always
 * returns, at most 30 s after the sum of twice BOOT_LIMIT and the command's own time limit.
 * @throws {EmulatedHostError} when the host did not boot, stood still, or died before the command exited.
 * @throws {HostError} as prepareEmulatedHost().
 */
export async function runInEmulatedHost(
  command: readonly string[],
  options: HostOptions = {},
): Promise<HostRun> {
  if (options.systemd && !options.release) throw new TypeError("systemd takes a release");
  const image = await prepareEmulatedHost(options);
  try {
    return await runOnce(command, image, options);
  } catch (error) {
    if (!(error instanceof EmulatedHostError) || error.hasBooted) throw error;
    tell(`${error.message}\nstarting it once more`);
    return await runOnce(command, image, options);
  }
}

async function runOnce(
  command: readonly string[],
  image: HostImage,
  options: HostOptions,
): Promise<HostRun> {
  const job = await writeJob(command, image, options);
  try {
    return await boot(image, job, options);
  } finally {
    await Deno.remove(job.directory, { recursive: true });
  }
}

async function boot(image: HostImage, job: Job, options: HostOptions): Promise<HostRun> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  options.signal?.throwIfAborted();
  using stdout = Deno.listen({ transport: "unix", path: `${job.directory}/stdout` });
  using stderr = Deno.listen({ transport: "unix", path: `${job.directory}/stderr` });
  await using qemu = new Qemu(image, job, options);
  let bootSeconds: number | undefined;
  using cleanup = new DisposableStack();
  const bootTimer = setTimeout(() => qemu.end(), BOOT_LIMIT * 1000);
  cleanup.defer(() => clearTimeout(bootTimer));
  options.signal?.addEventListener("abort", () => qemu.end(), { once: true });
  let lastSign = Infinity, stoodStill = false;
  const onSign = (word: string) => {
    lastSign = seconds();
    if (word !== "begin") return;
    clearTimeout(bootTimer);
    bootSeconds = seconds();
  };
  const silenceTimer = setInterval(() => {
    if (seconds() - lastSign < SILENCE_LIMIT) return;
    stoodStill = true;
    qemu.end();
  }, 5000);
  cleanup.defer(() => clearInterval(silenceTimer));

  const [code, stderrEnd] = await Promise.all([
    follow(stdout, qemu, job.token, options.onStdout, onSign),
    follow(stderr, qemu, job.token, options.onStderr, onSign),
  ]);
  await qemu.end();
  options.signal?.throwIfAborted();
  if (code === undefined || stderrEnd === undefined || bootSeconds === undefined) {
    const hasBooted = bootSeconds !== undefined;
    const why = stoodStill ? STOOD_STILL : whyNot(bootSeconds, seconds());
    throw new EmulatedHostError(why, await qemu.console(), hasBooted, stoodStill);
  }
  return { code: Number(code), bootSeconds, totalSeconds: seconds() };
}

const STOOD_STILL =
  `the emulated host's kernel has run no timer for ${SILENCE_LIMIT} s, before the command had ended`;

/** Passes a stream on until its end mark; returns the mark's argument, or undefined when QEMU died before. */
async function follow(
  listener: Deno.UnixListener,
  qemu: Qemu,
  token: string,
  onData: ((chunk: Uint8Array) => void) | undefined,
  onSign: (word: string) => void,
): Promise<string | undefined> {
  const connection = await Promise.race([listener.accept(), qemu.ended]);
  if (!connection) return undefined;
  for await (const piece of splitAtMarks(connection.readable, token)) {
    if ("data" in piece) onData?.(piece.data);
    else if (piece.mark[0] === "end") return piece.mark[1] ?? "";
    else onSign(piece.mark[0] ?? "");
  }
  return undefined;
}

function whyNot(bootSeconds: number | undefined, seconds: number): string {
  const after = `after ${seconds.toFixed(0)} s`;
  if (bootSeconds === undefined) return `the emulated host had not booted ${after}`;
  return `the emulated host was gone ${after}, before the command had ended`;
}
