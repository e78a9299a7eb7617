/**
 * Compiled profiles, kept between starts: compiling costs as much as everything else of `create`, and an engine gives
 * nearly all its containers the same profile. The cache is optional: if anything is wrong with it, the profile is
 * compiled, and the filter is the same.
 */
import { libseccompIdentity } from "../../ffi/libseccomp.ts";
import type { Seccomp } from "../spec/spec.ts";
import { cacheKey, decodeEntry, encodeEntry, entryName } from "./cache_entry.ts";
import { MAX_ENTRY_SIZE, readCached, UntrustedCacheError, writeCached } from "./cache_folder.ts";
import type { Program, SeccompFilter } from "./compile.ts";
import { filterFlags } from "./flags.ts";

/**
 * The cache folder of a state root. It is in the root, since that belongs to this user alone and is gone after a
 * reboot. Its name cannot be a container's id ("~" is not allowed in one).
 */
export function seccompCacheDir(stateRoot: string): string {
  return `${stateRoot}/~seccomp`;
}

/**
 * The filter of a profile from the cache; a missing one is compiled and stored.
 * @param cacheDir seccompCacheDir(); created when it is missing.
 * @returns as compileFilter() does, with a warning for each problem with the cache.
 * @throws as compileFilter().
 */
export async function cachedFilter(seccomp: Seccomp, cacheDir: string): Promise<SeccompFilter> {
  const key = cacheKey(seccomp, libseccompIdentity());
  const { found, usable, warnings } = lookUp(cacheDir, key);
  if (found) return { filter: found, warnings, ...filterFlags(seccomp) };
  const { compileProgram } = await import("./compile.ts");
  const program = compileProgram(seccomp);
  if (usable) warnings.push(...store(cacheDir, key, program));
  return {
    filter: program.filter,
    warnings: [...warnings, ...program.warnings],
    ...filterFlags(seccomp),
  };
}

interface LookUp {
  readonly found?: Uint8Array<ArrayBuffer> | undefined;
  /** Whether the folder may be written to. */
  readonly usable: boolean;
  readonly warnings: string[];
}

function lookUp(cacheDir: string, key: Uint8Array<ArrayBuffer>): LookUp {
  const name = entryName(key);
  try {
    const entry = readCached(cacheDir, name);
    const program = entry && decodeEntry(entry, key);
    if (program === "damaged") {
      return { usable: true, warnings: [`${cacheDir}/${name} is damaged and will be replaced`] };
    }
    return { found: program === "foreign" ? undefined : program, usable: true, warnings: [] };
  } catch (error) {
    return { usable: false, warnings: [describe(error)] };
  }
}

/** A program with warnings is not stored: the next start has to warn again. */
function store(
  cacheDir: string,
  key: Uint8Array<ArrayBuffer>,
  { filter, warnings }: Program,
): string[] {
  const entry = encodeEntry(key, filter);
  if (warnings.length > 0 || entry.length > MAX_ENTRY_SIZE) return [];
  try {
    writeCached(cacheDir, entryName(key), entry);
    return [];
  } catch (error) {
    return [describe(error)];
  }
}

/** File errors become a warning; anything else is a bug of this program. */
function describe(error: unknown): string {
  const isTrouble = error instanceof UntrustedCacheError ||
    Object.values(Deno.errors).some((type) => error instanceof type) ||
    /\(os error \d+\)/.test(String(error));
  if (!isTrouble) throw error;
  return `the cache of seccomp filters is not used: ${(error as Error).message}`;
}
