/** The seccomp part of `kago features` (runtime spec, features-linux.md), from the tables of names. */
import { kernelTakesFlags, libseccompVersion } from "../../ffi/libseccomp.ts";
import { HostError } from "../common/errors.ts";
import type { SeccompFlag } from "../spec/spec.ts";
import { SECCOMP_ARCHITECTURES } from "../spec/spec_seccomp.ts";
import { ACTIONS, FLAGS, OPERATORS } from "./names.ts";

/** What a profile may contain, on any host. */
export const SECCOMP_FEATURES = {
  actions: Object.keys(ACTIONS).sort(),
  operators: Object.keys(OPERATORS).sort(),
  archs: [...SECCOMP_ARCHITECTURES].sort(),
  knownFlags: Object.keys(FLAGS) as SeccompFlag[],
};

export interface HostSeccompFeatures {
  readonly seccomp: Partial<typeof SECCOMP_FEATURES> & {
    readonly enabled: boolean;
    readonly supportedFlags?: readonly SeccompFlag[];
  };
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * `linux.seccomp` of `kago features` on this host, and libseccomp's version for its `annotations`, where runc and crun
 * have it too. Without libseccomp there is no seccomp.
 */
export function seccompFeatures(): HostSeccompFeatures {
  const version = findLibseccompVersion();
  if (version === undefined) return { seccomp: { enabled: false }, annotations: {} };
  const supportedFlags = SECCOMP_FEATURES.knownFlags.filter(isSupported);
  return {
    seccomp: { enabled: true, ...SECCOMP_FEATURES, supportedFlags },
    annotations: { "io.github.seccomp.libseccomp.version": version },
  };
}

/** libseccomp's version, undefined without libseccomp. */
export function findLibseccompVersion(): string | undefined {
  try {
    return libseccompVersion();
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function isSupported(flag: SeccompFlag): boolean {
  const SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3;
  // The kernel accepts it only with a listener.
  const needsListener = flag === "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV";
  return kernelTakesFlags(FLAGS[flag] | (needsListener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0));
}
