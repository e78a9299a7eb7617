/** QEMU's process: its command line, and its guaranteed end. */
import type { HostOptions } from "./host_options.ts";
import type { Job } from "./job.ts";
import type { HostImage } from "./prepare.ts";

/** Seconds for a boot on a busy machine; usually it takes 3. */
export const BOOT_LIMIT = 120;

/** A running QEMU. It exits after its time limit, and with the thread that started it. */
export class Qemu implements AsyncDisposable {
  /** Resolves when the process has exited. */
  readonly ended: Promise<void>;
  readonly #process: Deno.ChildProcess;
  readonly #messages: Promise<string>;
  readonly #consoleFile: string;
  #alive = true;

  constructor(image: HostImage, job: Job, options: HostOptions) {
    this.#consoleFile = consoleFile(job, options);
    this.#process = spawnQemu(image, job, options);
    this.#messages = new Response(this.#process.stderr).text();
    const status = this.#process.status.then(() => {
      this.#alive = false;
    });
    // `timeout` may exit before QEMU, whose standard error stays open as long as it lives.
    this.ended = Promise.all([status, this.#messages]).then(() => {});
  }

  /** Kills QEMU, in any state of the guest, and waits until it has exited. */
  async end(): Promise<void> {
    if (this.#alive) this.#process.kill("SIGKILL");
    await this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }

  /** The output of the guest's kernel and QEMU's messages, without TCG's list of processor features. */
  async console(): Promise<string> {
    const messages = (await this.#messages).split("\n").filter((line) =>
      !line.includes("TCG doesn't support")
    );
    return await Deno.readTextFile(this.#consoleFile) + messages.join("\n");
  }
}

/**
 * PR_SET_PDEATHSIG makes the kernel kill a process when its parent dies: `timeout` dies with this program, and QEMU with
 * `timeout`.
 */
function spawnQemu(image: HostImage, job: Job, options: HostOptions): Deno.ChildProcess {
  const limit = String(BOOT_LIMIT + job.timeout + 30);
  const bounded = ["--pdeathsig", "KILL", "timeout", "-s", "KILL", limit];
  const dying = ["setpriv", "--pdeathsig", "KILL"];
  return new Deno.Command("setpriv", {
    args: [...bounded, ...dying, image.machine.qemu, ...qemuArguments(image, job, options)],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

function qemuArguments(image: HostImage, job: Job, options: HostOptions): string[] {
  return [
    ...["-nodefaults", "-no-user-config", ...image.machine.qemuMachine],
    ...["-m", String(options.memory ?? 3072), "-smp", String(options.smp ?? 1)],
    ...["-display", "none", "-monitor", "none", "-serial", `file:${consoleFile(job, options)}`],
    ...["-no-reboot", "-kernel", image.kernel.image, "-initrd", image.initramfs],
    ...["-append", kernelCommandLine(image.machine.serialConsole, options)],
    ...["-device", "virtio-rng-pci"],
    ...share("root", "/", "readonly=on,multidevs=remap"),
    ...share("job", `${job.directory}/guest`, "readonly=on"),
    ...(options.results ? share("results", options.results, "readonly=off") : []),
    ...["-device", "virtio-serial-pci", ...port(job, "stdout"), ...port(job, "stderr")],
  ];
}

function consoleFile(job: Job, options: HostOptions): string {
  return options.console ?? `${job.directory}/console`;
}

/**
 * panic=-1 makes a panic a reboot, which with -no-reboot ends QEMU. Features that cost instructions and do not affect
 * results are off: mitigations, and Debian's clearing of memory that the kernel allocates for itself.
 */
function kernelCommandLine(
  serialConsole: string,
  { apparmor, selinux, hybrid }: HostOptions,
): string {
  const lsm = selinux
    ? "selinux=1 security=selinux"
    : apparmor
    ? "apparmor=1 security=apparmor"
    : "apparmor=0 selinux=0";
  const cgroups = hybrid ? " systemd.unified_cgroup_hierarchy=0" : "";
  return `console=${serialConsole} quiet panic=-1 rdinit=/init mitigations=off ${lsm}${cgroups}`;
}

function share(tag: string, path: string, how: string): string[] {
  const commas = path.replaceAll(",", ",,"); // QEMU's way to quote them
  return [
    ...["-fsdev", `local,id=${tag},path=${commas},security_model=none,${how}`],
    ...["-device", `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}

function port(job: Job, name: string): string[] {
  return [
    ...["-chardev", `socket,id=${name},path=${job.directory}/${name}`],
    ...["-device", `virtserialport,chardev=${name},name=${name}`],
  ];
}
