/** Facts about the host that the builder needs to compile a plan: read once, cheap, and only what a plan requires. */
import { environment, variable } from "../ffi/environment.ts";
import { ownLimits } from "../ffi/processes.ts";
import { NOT_RAISED, packed } from "../ffi/packed.ts";
import type { HostFacts, Limit } from "./plan/compile_input.ts";
import { given } from "./common/given.ts";

/** Reads the facts of the calling process. */
export function readHostFacts(): HostFacts {
  return {
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    get env() {
      return inheritedEnv();
    },
    softLimits: callersSoftLimits(),
    get limits() {
      return callersLimits();
    },
    ...given({ libraryPath: variable("LD_LIBRARY_PATH") || undefined }),
  };
}

const RLIMIT_NOFILE = 7;

/** This process has changed some soft limits; the caller's replace them. */
function callersLimits(): readonly Limit[] {
  const lowered = new Map(callersSoftLimits().map(({ resource, soft }) => [resource, soft]));
  return ownLimits().map((limit) => ({
    ...limit,
    soft: lowered.get(limit.resource) ?? limit.soft,
  }));
}

function callersSoftLimits(): NonNullable<HostFacts["softLimits"]> {
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
