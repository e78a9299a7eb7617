/** Finds `denort`, the base to which `deno compile` appends a program. It downloads nothing. */
import { HostError } from "../../runtime/common/errors.ts";
import { exists } from "./output_file.ts";
import { DENO_TARGET, DENO_VERSION } from "./stock_deno.ts";

/** The source of `deno compile`'s base; `download` when it is not on this machine. */
export type DenortSource = "environment" | "cache" | "download";

/** The variables that select it, as in Deno.env. */
export interface DenortEnvironment {
  readonly DENORT_BIN?: string;
  readonly DENO_DIR?: string;
  readonly XDG_CACHE_HOME?: string;
  readonly HOME?: string;
}

/**
 * Looks in the same places as `deno compile`, in its order.
 * @throws {HostError} when DENORT_BIN does not name a file.
 */
export async function findDenort(env: DenortEnvironment): Promise<DenortSource> {
  if (env.DENORT_BIN) {
    if (await exists(env.DENORT_BIN)) return "environment";
    throw new HostError(`DENORT_BIN names ${env.DENORT_BIN}, which does not exist`, "unset it");
  }
  const cached = cachedDenort(env);
  return cached && await exists(cached) ? "cache" : "download";
}

/** The path at which Deno stores the downloaded base; undefined when no cache folder is known. */
export function cachedDenort(env: DenortEnvironment): string | undefined {
  const cache = env.XDG_CACHE_HOME || (env.HOME && `${env.HOME}/.cache`);
  const folder = env.DENO_DIR || (cache && `${cache}/deno`);
  return folder && `${folder}/dl/release/v${DENO_VERSION}/denort-${DENO_TARGET}.zip`;
}
