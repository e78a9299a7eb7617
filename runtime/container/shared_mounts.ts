/**
 * Containers without a new mount namespace: their mounts are made on the host. All of them are below the container's root,
 * which is first bind-mounted on itself, so kago must remove them with the container.
 */
import { detachMount, mountId } from "../../ffi/files.ts";
import { SyscallError } from "../common/errors.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/spec.ts";
import type { StoredState } from "../state/container_state.ts";
import { ENOENT } from "../common/errno.ts";

/** The mount id to store before anything is mounted. */
export function mountsBefore(spec: Spec, rootfs: string): Pick<StoredState, "mountBelow"> {
  if (findNamespace(spec, "mount")) return {};
  try {
    return { mountBelow: mountId(rootfs) };
  } catch (error) {
    // The plan's own operation reports this, with the field of config.json.
    if (error instanceof SyscallError && error.errno === ENOENT) return {};
    throw error;
  }
}

/**
 * Detaches what is mounted on the root; also if mounting stopped halfway.
 * @throws {SyscallError}
 */
export function removeSharedMounts({ mountBelow, rootfs }: StoredState): void {
  if (mountBelow === undefined) return;
  try {
    if (mountId(rootfs) !== mountBelow) detachMount(rootfs);
  } catch (error) {
    // If the root is gone, nothing is mounted on it.
    if (!(error instanceof SyscallError && error.errno === ENOENT)) throw error;
  }
}
