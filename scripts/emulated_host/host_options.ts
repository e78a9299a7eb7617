/** What a caller may ask of the emulated host, and what comes back. */

export interface HostOptions {
  /** Seconds the command may run; it is killed then, and the code is 124. Default 120. */
  readonly timeout?: number;
  /** MiB; everything written inside, to whatever path, takes from it. Default 3072. */
  readonly memory?: number;
  /** Virtual processors. Default 1: for each further one TCG takes a quarter more of the time for the same work. */
  readonly smp?: number;
  /** Whether the kernel enforces AppArmor. Default false. */
  readonly apparmor?: boolean;
  /** Whether the kernel has SELinux, which does nothing before the command loads a policy. Default false; not with AppArmor. */
  readonly selinux?: boolean;
  /**
   * The code name of a Debian release whose kernel and root the host has; the repository and Deno's cache are all that is
   * this machine's. Absent: this machine's files, and the kernel of its release.
   */
  readonly release?: string;
  /** Whether systemd has booted the host, which takes a `release`. Default false: no service. */
  readonly systemd?: boolean;
  /** Whether systemd has the controllers in cgroup v1, with an empty v2 hierarchy beside them. Default false: v2 alone. */
  readonly hybrid?: boolean;
  /** Added to the command's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command's working directory. Default: the repository. */
  readonly cwd?: string;
  /** A folder of this machine that the command can write to, as the folder in `$EMULATED_HOST_RESULTS`. */
  readonly results?: string;
  /** A file of this machine that keeps what the guest's kernel prints. */
  readonly console?: string;
  /** Ends the host; the run then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called for each chunk of the command's output, in order. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  readonly onStderr?: (chunk: Uint8Array) => void;
}

export interface HostRun {
  /** The command's exit code, 128+N when signal N ended it, 124 when its time was up. */
  readonly code: number;
  /** Seconds from the call to the start of the command. */
  readonly bootSeconds: number;
  /** Seconds from the call to the end of QEMU. */
  readonly totalSeconds: number;
}

/** The emulated host did not come to the end of the command. */
export class EmulatedHostError extends Error {
  override name = "EmulatedHostError";
  /** `console` is what the guest kernel and QEMU printed; its tail becomes part of the message. */
  constructor(
    problem: string,
    readonly console: string,
    /** Whether the command had begun. */
    readonly hasBooted: boolean,
  ) {
    const tail = console.trimEnd().split("\n").slice(-40).join("\n");
    super(`${problem}; the console ends with:\n${tail}`);
  }
}
