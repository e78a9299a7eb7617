/**
 * Containers without a mount namespace: what they mount is mounted on the host, all of it over their root, which is
 * bound over itself first. It owns that none of it outlives the container.
 */
import { detachMount, mountId } from "../../ffi/files.ts";
import { SyscallError } from "../common/errors.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/spec.ts";
import type { StoredState } from "../state/container_state.ts";
import { ENOENT } from "../common/errno.ts";

/** What has to be remembered before anything is mounted. */
export function mountsBefore(spec: Spec, rootfs: string): Pick<StoredState, "mountBelow"> {
  if (findNamespace(spec, "mount")) return {};
  try {
    return { mountBelow: mountId(rootfs) };
  } catch (error) {
    // The plan's own operation says it in the words of config.json.
    if (error instanceof SyscallError && error.errno === ENOENT) return {};
    throw error;
  }
}

/**
 * Takes away what lies over the root; also after a part of it only was mounted.
 * @throws {SyscallError}
 */
export function removeSharedMounts({ mountBelow, rootfs }: StoredState): void {
  if (mountBelow === undefined) return;
  try {
    if (mountId(rootfs) !== mountBelow) detachMount(rootfs);
  } catch (error) {
    // A root that is gone has nothing mounted on it.
    if (!(error instanceof SyscallError && error.errno === ENOENT)) throw error;
  }
}
