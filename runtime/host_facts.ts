/** What the builder must know of the host to compile a plan: read once, cheap, and nothing that a plan can do without. */
import { packed } from "../ffi/packed.ts";
import type { HostFacts } from "./plan/compile_input.ts";

/** Reads the facts of the calling process. */
export function readHostFacts(): HostFacts {
  const softNofile = packed()?.softNofile;
  const libraryPath = Deno.env.get("LD_LIBRARY_PATH");
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

/** The caller's environment without what the entry stub put into it for Deno. */
export function inheritedEnv(): readonly string[] {
  return Object.entries(Deno.env.toObject())
    .filter(([name]) => !name.startsWith("DENO_"))
    .map(([name, value]) => `${name}=${value}`);
}
