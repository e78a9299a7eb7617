/**
 * `.krun_config.json`: config.json for libkrun's guest init, which takes `args`, `env` and `cwd` from it. This module
 * owns its text and its owner; writing it into the hostile root filesystem is Main's (CVE-2025-24965).
 */
import { SpecError } from "../../../runtime/common/errors.ts";
import { stringifyJson } from "../../../runtime/spec/json.ts";
import { findNamespace } from "../../../runtime/spec/namespaces.ts";
import type { IdMapping, Spec } from "../../../runtime/spec/spec.ts";
import type { RootFile } from "../../interface/executor.ts";

/** The guest init's C program looks for the file under this name. */
export const GUEST_CONFIG = ".krun_config.json";

/**
 * The file for a spec that is otherwise complete.
 * @throws {SpecError} when the process's user has no id on the host, so that nobody could read the file.
 */
export function guestConfigFile(spec: Spec): RootFile {
  return { name: GUEST_CONFIG, data: guestConfig(spec), ...vmmOwner(spec) };
}

/**
 * The spec with what the guest init looks for in front, in this order. The init of libkrun 1.17 does not read JSON's
 * structure: it takes the first string in the file that spells `args`, `env`, `cwd` or `entrypoint`, in any case, be
 * it a key or a value. With `hooks` in front it runs a hook's arguments, and a last argument `entrypoint` makes it run
 * the text of the environment. An empty `Entrypoint` ends that search; a `cwd` begins with a slash, so it spells
 * nothing; an argument that spells `env` is not followed by an array.
 */
function guestConfig(spec: Spec): Uint8Array<ArrayBuffer> {
  const { process = { cwd: "/" }, ...others } = spec;
  const { cwd, args = [], env = [], ...more } = process;
  const ordered = { Entrypoint: [], process: { cwd, args, env, ...more }, ...others };
  return new TextEncoder().encode(stringifyJson(ordered));
}

/** Whom the host sees in the VMM, which runs as the container's user. */
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
