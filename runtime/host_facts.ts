/** What the builder must know of the host to compile a plan: read once, cheap, and nothing that a plan can do without. */
import { environment, variable } from "../ffi/environment.ts";
import { packed } from "../ffi/packed.ts";
import type { HostFacts } from "./plan/compile_input.ts";

/** Reads the facts of the calling process. */
export function readHostFacts(): HostFacts {
  const softNofile = packed()?.softNofile;
  const libraryPath = variable("LD_LIBRARY_PATH");
  return {
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    get env() {
      return inheritedEnv();
    },
    ...(softNofile === undefined ? {} : { softNofile }),
    ...(libraryPath ? { libraryPath } : {}),
  };
}

/** The caller's environment, as `NAME=value`. */
export function inheritedEnv(): readonly string[] {
  return Array.from(environment(), ([name, value]) => `${name}=${value}`);
}
