/** What the builder must know of the host to compile a plan: read once, cheap, and nothing that a plan can do without. */
import { environment, variable } from "../ffi/environment.ts";
import { NOT_RAISED, packed } from "../ffi/packed.ts";
import type { HostFacts } from "./plan/compile_input.ts";
import { given } from "./common/given.ts";

/** Reads the facts of the calling process. */
export function readHostFacts(): HostFacts {
  return {
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    get env() {
      return inheritedEnv();
    },
    ...given({ libraryPath: variable("LD_LIBRARY_PATH") || undefined }),
    softLimits: callersLimits(),
  };
}

const RLIMIT_NOFILE = 7;

function callersLimits(): NonNullable<HostFacts["softLimits"]> {
  const { softNofile, raised } = packed() ?? {};
  if (softNofile === undefined) return [];
  const others = Object.entries(raised!).filter(([, soft]) => soft !== NOT_RAISED);
  return [
    { resource: RLIMIT_NOFILE, soft: BigInt(softNofile) },
    ...others.map(([resource, soft]) => ({ resource: Number(resource), soft })),
  ];
}

/** The caller's environment, as `NAME=value`. */
export function inheritedEnv(): readonly string[] {
  return Array.from(environment(), ([name, value]) => `${name}=${value}`);
}
