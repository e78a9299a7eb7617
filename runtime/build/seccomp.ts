/** The seccomp part of a build. Its modules are loaded only for containers that have a filter. */
import type { SeccompFilter } from "../plan/compile_input.ts";
import type { Spec } from "../spec/spec.ts";

export interface SeccompParts {
  readonly filter?: SeccompFilter;
  readonly warnings: readonly string[];
}

/**
 * Compiles `linux.seccomp`.
 * @param stateRoot where compiled filters are cached; without it, as for `plan`, nothing is cached.
 * @throws {SpecError} for a filter that libseccomp cannot express, {HostError} without libseccomp.
 */
export async function buildSeccomp(spec: Spec, stateRoot?: string): Promise<SeccompParts> {
  const seccomp = spec.linux?.seccomp;
  if (!seccomp) return { warnings: [] };
  const { checkSeccomp } = await import("../seccomp/check.ts");
  const warnings = checkSeccomp(seccomp);
  const filter = stateRoot === undefined
    ? (await import("../seccomp/compile.ts")).compileFilter(seccomp)
    : await cached(seccomp, stateRoot);
  return { filter, warnings: [...warnings, ...filter.warnings] };
}

async function cached(seccomp: NonNullable<NonNullable<Spec["linux"]>["seccomp"]>, root: string) {
  const { cachedFilter, seccompCacheDir } = await import("../seccomp/cache.ts");
  return cachedFilter(seccomp, seccompCacheDir(root));
}
