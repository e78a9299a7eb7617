/** Finds `denort`, the base that `deno compile` appends a program to. Looks for it, but downloads nothing. */
import { HostError } from "../../runtime/common/errors.ts";
import { exists } from "./output_file.ts";
import { DENO_TARGET, DENO_VERSION } from "./stock_deno.ts";

/** Where `deno compile` will take its base from; `download` when it is nowhere on this machine. */
export type DenortSource = "environment" | "cache" | "download";

/** The variables that decide, as in Deno.env. */
export interface DenortEnvironment {
  readonly DENORT_BIN?: string;
  readonly DENO_DIR?: string;
  readonly XDG_CACHE_HOME?: string;
  readonly HOME?: string;
}

/**
 * Looks where `deno compile` looks, in its order.
 * @throws {HostError} when DENORT_BIN names no file.
 */
export async function findDenort(env: DenortEnvironment): Promise<DenortSource> {
  if (env.DENORT_BIN) {
    if (await exists(env.DENORT_BIN)) return "environment";
    throw new HostError(`DENORT_BIN names ${env.DENORT_BIN}, which does not exist`, "unset it");
  }
  const cached = cachedDenort(env);
  return cached && await exists(cached) ? "cache" : "download";
}

/** The path at which Deno keeps the base that it downloaded, undefined when no folder for its cache is known. */
export function cachedDenort(env: DenortEnvironment): string | undefined {
  const cache = env.XDG_CACHE_HOME || (env.HOME && `${env.HOME}/.cache`);
  const folder = env.DENO_DIR || (cache && `${cache}/deno`);
  return folder && `${folder}/dl/release/v${DENO_VERSION}/denort-${DENO_TARGET}.zip`;
}
