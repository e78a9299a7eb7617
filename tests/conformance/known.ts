/**
 * Programs of the validation suite that fail with kago, pass with runc, and shall stay so. Every entry says what is
 * wrong with the program, or why kago differs on purpose, and what runc does.
 */
export interface KnownFailure {
  readonly program: string;
  readonly why: string;
  readonly runc: string;
}

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    program: "linux_ns_itype",
    why:
      "it takes all namespaces out of config.json and keeps the mounts, which the spec allows; kago refuses mounts without a mount " +
      "namespace to make them in, for they would be made, and stay, on the host",
    runc:
      "makes them in the host's mount namespace, where /proc, /dev and /sys below the rootfs outlive the container",
  },
];
