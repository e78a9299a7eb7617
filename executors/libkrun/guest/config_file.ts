/**
 * `.krun_config.json`: config.json for libkrun's guest init, which reads `args`, `env` and `cwd` from it. This module
 * defines its text and its owner; Main writes it into the hostile root filesystem (CVE-2025-24965).
 */
import { SpecError } from "../../../runtime/common/errors.ts";
import { stringifyJson } from "../../../runtime/spec/json.ts";
import { findNamespace } from "../../../runtime/spec/namespaces.ts";
import type { IdMapping, Spec } from "../../../runtime/spec/spec.ts";
import type { RootFile } from "../../interface/executor.ts";

/** The name for which the guest init's C program looks. */
export const GUEST_CONFIG = ".krun_config.json";

/**
 * The file for a spec that is otherwise complete.
 * @throws {SpecError} when the process's user has no id on the host, so that no process could read the file.
 */
export function guestConfigFile(spec: Spec): RootFile {
  return { name: GUEST_CONFIG, data: guestConfig(spec), ...vmmOwner(spec) };
}

/**
 * The spec, beginning with the fields that the guest init looks for, in this order. The init of libkrun 1.17 does not parse
 * the structure of JSON: it takes the first string in the file that equals `args`, `env`, `cwd` or `entrypoint`, in any
 * case, whether it is a key or a value. With `hooks` first it would run a hook's arguments, and a last argument
 * `entrypoint` would make it run the text of the environment. An empty `Entrypoint` ends that search; a `cwd` begins with a
 * slash, so it equals none of them; an argument `env` is not followed by an array.
 */
function guestConfig(spec: Spec): Uint8Array<ArrayBuffer> {
  const { process = { cwd: "/" }, ...others } = spec;
  const { cwd, args = [], env = [], ...more } = process;
  const ordered = { Entrypoint: [], process: { cwd, args, env, ...more }, ...others };
  return new TextEncoder().encode(stringifyJson(ordered));
}

/** The VMM's ids on the host: it runs as the container's user. */
export function vmmOwner(spec: Spec): { uid: number; gid: number } {
  const { uid = 0, gid = 0 } = spec.process?.user ?? {};
  const user = findNamespace(spec, "user");
  if (!user) return { uid, gid };
  const { uidMappings, gidMappings } = spec.linux ?? {};
  return {
    uid: hostId(uid, uidMappings, "process.user.uid", "linux.uidMappings"),
    gid: hostId(gid, gidMappings, "process.user.gid", "linux.gidMappings"),
  };
}

function hostId(
  id: number,
  mappings: readonly IdMapping[] | undefined,
  jsonPath: string,
  mappingsPath: string,
): number {
  const range = mappings?.find(({ containerID, size }) =>
    containerID <= id && id < containerID + size
  );
  if (range) return range.hostID + id - range.containerID;
  throw new SpecError(jsonPath, `${id} is not in ${mappingsPath}, which a microVM's user needs`);
}
