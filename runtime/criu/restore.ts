/** The criu request for a restore. Pure. */
import type { Spec } from "../spec/spec.ts";
import { isNewNamespace } from "../plan/compile_input.ts";
import { CRIU_FDS } from "./plan.ts";
import { type ExternalMount, externalNamespaces, joinedAtRestore, maskNames } from "./externals.ts";
import { commonOpts, type CriuFlags } from "./options.ts";
import type { CriuRequest } from "./rpc.ts";
import { given } from "../common/given.ts";

export const RESTORE_LOG = "restore.log";

export interface RestoreFlags extends CriuFlags {
  /** `TYPE:NAME` */
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
}

/** The container to restore. */
export interface RestoreSubject {
  /** The folder on which its root filesystem is mounted for criu. */
  readonly root: string;
  readonly spec: Spec;
  readonly externals: readonly ExternalMount[];
  /** The cover of masked files. */
  readonly nullDevice: string;
  /** descriptors.json: the files behind the standard streams at the dump. */
  readonly descriptors: readonly string[];
}

/** @param ownCgroups the text of criu's /proc/PID/cgroup; the container will be in the same cgroups. */
export function restoreRequest(
  { root, spec, externals, nullDevice, descriptors }: RestoreSubject,
  flags: RestoreFlags,
  ownCgroups: string,
): CriuRequest {
  // Root of a user namespace has no access to kago's folders, and must not change the host's own device.
  const source = isNewNamespace(spec, "user") ? "/dev/null" : nullDevice;
  const masks = maskNames(spec).map((name) => ({ name, source }));
  return {
    type: "restore",
    opts: {
      ...commonOpts(flags),
      log_file: RESTORE_LOG,
      root,
      rst_sibling: true,
      evasive_devices: true,
      ...given({ lsm_profile: flags.lsmProfile, lsm_mount_context: flags.lsmMountContext }),
      cg_root: cgroupRoots(ownCgroups),
      inherit_fd: [...streams(descriptors), ...namespaces(spec)],
      join_ns: joinedAtRestore(spec),
      external: [...externals, ...masks].map(({ name, source }) => `mnt[${name}]:${source}`),
    },
  };
}

/**
 * Pipes belong to the engine, and are replaced by the caller's streams. Three at most: the file is only as trustworthy
 * as the checkpoint, and further numbers are criu's own descriptors.
 */
function streams(descriptors: readonly string[]): { key: string; fd: number }[] {
  return descriptors.slice(0, 3).flatMap((key, fd) =>
    key.startsWith("pipe:[") ? [{ key, fd }] : []
  );
}

function namespaces(spec: Spec): { key: string; fd: number }[] {
  return externalNamespaces(spec).map(({ key }, index) => ({
    key,
    fd: CRIU_FDS.namespaces + index,
  }));
}

/** The lines of a /proc/PID/cgroup, each `ID:CONTROLLERS:PATH`, by controller. */
function cgroupRoots(text: string): { ctrl: string; path: string }[] {
  return text.split("\n").filter(Boolean).flatMap((line) => {
    const [, controllers = "", ...path] = line.split(":");
    return controllers.split(",").map((ctrl) => ({ ctrl, path: path.join(":") }));
  });
}
