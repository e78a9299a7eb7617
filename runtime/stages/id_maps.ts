/**
 * The id maps of a new user namespace, and the offsets of its time namespace. Main writes them while the Intermediate waits
 * (user_namespaces(7)). Root writes the maps directly; an ordinary user may map only its own id, or uses newuidmap(1) and
 * newgidmap(1).
 */
import { childEnvironment } from "../../ffi/environment.ts";
import { HostError, SpecError, withReason } from "../common/errors.ts";
import { quoted } from "../common/quoted.ts";
import { findProgram } from "../find_program.ts";
import type { HostFacts } from "../plan/compile_input.ts";
import { mapText } from "../plan/id_map.ts";
import { timeOffsetsText } from "../plan/namespaces.ts";
import type { IdMapping, Spec } from "../spec/spec.ts";

/**
 * Writes /proc/PID/uid_map and gid_map.
 * @throws {HostError} when an ordinary user needs newuidmap and it is missing or fails.
 * @throws {SpecError} when the kernel refuses the maps.
 */
export function writeIdMaps(pid: number, spec: Spec, host: HostFacts): void {
  const uids = spec.linux?.uidMappings ?? [];
  const gids = spec.linux?.gidMappings ?? [];
  if (host.uid === 0 || (isOwn(uids, host.uid) && isOwn(gids, host.gid))) {
    // Without CAP_SETGID in the parent namespace, the kernel accepts a gid map only after setgroups is denied.
    if (host.uid !== 0) write(`/proc/${pid}/setgroups`, "deny", "linux.gidMappings");
    write(`/proc/${pid}/gid_map`, mapText(gids), "linux.gidMappings");
    write(`/proc/${pid}/uid_map`, mapText(uids), "linux.uidMappings");
    return;
  }
  runHelper("newgidmap", pid, gids);
  runHelper("newuidmap", pid, uids);
}

/**
 * Writes /proc/PID/timens_offsets of a process whose new time namespace has no processes yet.
 * @throws {SpecError} when the kernel refuses the offsets.
 */
export function writeTimeOffsets(pid: number, spec: Spec): void {
  write(`/proc/${pid}/timens_offsets`, timeOffsetsText(spec), "linux.timeOffsets");
}

function isOwn(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.length === 1 && mappings[0]!.hostID === id && mappings[0]!.size === 1;
}

function write(path: string, text: string, field: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (cause) {
    const problem = `the kernel does not accept ${quoted(text.trimEnd())} in ${path}`;
    throw new SpecError(field, withReason(problem, cause), { cause });
  }
}

function runHelper(program: string, pid: number, mappings: readonly IdMapping[]): void {
  const ranges = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  const args = [`${pid}`, ...ranges.map(String)];
  const path = findProgram(program);
  if (!path) throw new HostError(`${program} cannot be found`, "install the package uidmap");
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(path, {
      args,
      ...childEnvironment(),
      stdout: "null",
      stderr: "piped",
    }).outputSync();
  } catch (cause) {
    throw new HostError(
      withReason(`${program} cannot be run`, cause),
      "install the package uidmap",
      { cause },
    );
  }
  if (output.success) return;
  const why = new TextDecoder().decode(output.stderr).trim();
  throw new HostError(
    `${program} refused: ${why}`,
    "check the user's lines in /etc/subuid and /etc/subgid",
  );
}
