/** The options of the emulated host, and its results. */

export interface HostOptions {
  /** Seconds for the command; then it is killed, and the code is 124. Default 120. */
  readonly timeout?: number;
  /** MiB; all files written inside use it, at any path. Default 3072. */
  readonly memory?: number;
  /** Virtual processors. Default 1: for each additional one TCG takes a quarter more time for the same work. */
  readonly smp?: number;
  /** Whether the kernel enforces AppArmor. Default false. */
  readonly apparmor?: boolean;
  /** Whether the kernel has SELinux, inactive until the command loads a policy. Default false; not with AppArmor. */
  readonly selinux?: boolean;
  /**
   * The code name of a Debian release, for the host's kernel and root; only the repository and Deno's cache are this
   * machine's. Absent: this machine's files, and the kernel of its release.
   */
  readonly release?: string;
  /** Whether systemd boots the host, which requires a `release`. Default false: no services. */
  readonly systemd?: boolean;
  /** Whether systemd has the controllers in cgroup v1, with an empty v2 hierarchy beside them. Default false: v2 only. */
  readonly hybrid?: boolean;
  /** Added to the command's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command's working directory. Default: the repository. */
  readonly cwd?: string;
  /** A folder of this machine to which the command can write, as the folder in `$EMULATED_HOST_RESULTS`. */
  readonly results?: string;
  /** A file of this machine for the output of the guest's kernel. */
  readonly console?: string;
  /** Ends the host; the run then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called for each chunk of the command's output, in order. */
  readonly onStdout?: (chunk: Uint8Array) => void;
  readonly onStderr?: (chunk: Uint8Array) => void;
}

export interface HostRun {
  /** The command's exit code, 128+N when signal N killed it, 124 on a timeout. */
  readonly code: number;
  /** Seconds from the call to the start of the command. */
  readonly bootSeconds: number;
  /** Seconds from the call to the end of QEMU. */
  readonly totalSeconds: number;
}

/** The emulated host failed before the command's end. */
export class EmulatedHostError extends Error {
  override name = "EmulatedHostError";
  /** `console` is the output of the guest kernel and QEMU; its tail becomes part of the message. */
  constructor(
    problem: string,
    readonly console: string,
    /** Whether the command had begun. */
    readonly hasBooted: boolean,
    /** Whether even the guest's clock stood still. */
    readonly stoodStill = false,
  ) {
    const tail = console.trimEnd().split("\n").slice(-40).join("\n");
    super(`${problem}; the console ends with:\n${tail}`);
  }
}
