/** The folder of a checkpoint's images, and the one for criu's logs. */
import { HostError, UsageError, withReason } from "../common/errors.ts";
import { isFolder, isThere } from "../common/files.ts";
import type { FolderPaths } from "./plan.ts";
import { joinPath } from "../common/path.ts";

/** The files behind the container's standard streams, in runc's format. */
const DESCRIPTORS = "descriptors.json";

/** criu's list of a checkpoint's contents; a folder without it has no checkpoint. */
const INVENTORY = "inventory.img";

/** Makes missing folders, accessible to root only. */
export function makeFolders({ images, work }: FolderPaths): void {
  makeFolder(images);
  if (work !== undefined) makeFolder(work);
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new HostError(
      withReason(`cannot create the directory ${path}`, cause),
      "name a directory that can be written to",
      {
        cause,
      },
    );
  }
}

export function logPath({ images, work }: FolderPaths, name: string): string {
  return `${work ?? images}/${name}`;
}

/**
 * The folder of an earlier pre-dump must be relative to that of the images, because both may move.
 * @throws {UsageError}
 */
export function checkParentPath(images: string, parent: string): void {
  if (parent.startsWith("/")) {
    throw new UsageError(`--parent-path ${parent} must be relative to the directory of images`);
  }
  const path = joinPath(images, parent);
  if (!isFolder(path)) {
    throw new UsageError(`--parent-path ${parent}: there is no directory ${path}`);
  }
}

/** @throws {HostError} when there is no checkpoint. */
export function requireCheckpoint(images: string): void {
  if (!isFolder(images)) {
    throw new HostError(
      `there is no directory ${images} to restore from`,
      "name the directory of a checkpoint with --image-path",
    );
  }
  if (isThere(`${images}/${INVENTORY}`)) return;
  throw new HostError(
    `${images} is not a checkpoint: it has no ${INVENTORY}`,
    "name the directory of a checkpoint with --image-path",
  );
}

export function writeDescriptors(images: string, descriptors: readonly string[]): void {
  Deno.writeTextFileSync(`${images}/${DESCRIPTORS}`, JSON.stringify(descriptors), { mode: 0o600 });
}

/** @throws {HostError} when the checkpoint is not that of a container. */
export function readDescriptors(images: string): string[] {
  const path = `${images}/${DESCRIPTORS}`;
  try {
    const value: unknown = JSON.parse(Deno.readTextFileSync(path));
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  } catch (cause) {
    throw new HostError(
      withReason(`cannot read ${path}`, cause),
      "the checkpoint is damaged, or not of a container",
      {
        cause,
      },
    );
  }
  throw new HostError(`${path} is not a list of strings`, "the checkpoint is damaged");
}
