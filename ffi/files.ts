/** The shim's functions for files of a hostile root filesystem, and for mounts. */
import { call, checked, cString } from "./shim_call.ts";
import { ENOENT } from "../runtime/common/errno.ts";

export interface RootFile {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly uid: number;
  readonly gid: number;
}

/** Creates a file at the root of a hostile root filesystem; an existing file of that name is replaced, not followed. */
export function putRootFile(root: string, { name, data, uid, gid }: RootFile): void {
  checked(
    call("put_root_file", [data.length, uid, gid], cString(root), cString(name), data),
    `write ${name} into ${root}`,
  );
}

const O_PATH = 0o10000000;

/**
 * A descriptor of `path` inside a hostile root filesystem, for `/proc/self/fd/N`; the descriptor itself cannot be read or
 * written.
 * @throws {SyscallError}
 */
export function openInRoot(root: string, path: string): number {
  return checked(
    call("open_in_root", [O_PATH], cString(root), cString(path)),
    `open ${path} in ${root}`,
  );
}

/** Reads a regular file in a hostile root; symlinks do not lead out of it. Undefined when it is missing. */
export function readRootFile(root: string, path: string, maxSize: number): string | undefined {
  const bytes = new Uint8Array(maxSize);
  const size = call("read_root_file", [maxSize], cString(root), cString(path), bytes);
  if (size === -ENOENT) return undefined;
  return new TextDecoder().decode(
    bytes.subarray(0, checked(size, `read ${path} below ${root}`)),
  );
}

/**
 * The mount id of `path`.
 * @throws {SyscallError}
 */
export function mountId(path: string): number {
  return checked(call("mount_id", [], cString(path)), `statx ${path}`);
}

/**
 * Detaches the mount at `path`, and all mounts below it.
 * @throws {SyscallError}
 */
export function detachMount(path: string): void {
  checked(call("detach_mount", [], cString(path)), `umount ${path}`);
}

/**
 * Removes a folder with all its contents, which other users may have created and nested deeply. Symlinks are not followed,
 * and a mount in it is an error.
 * @throws {SyscallError}
 */
export function removeTree(path: string): void {
  checked(call("remove_tree", [], cString(path)), `remove ${path}`);
}
