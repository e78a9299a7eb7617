/**
 * `krun.libkrun.path` names a library that kago loads as root, and an image can set annotations: engines copy those of
 * the image's manifest into config.json. So only where the host's own libraries are kept is one taken from, and never
 * where images are.
 */
import { SpecError } from "../../runtime/errors.ts";

/** Where distributions, administrators and package managers put libraries; images are kept in none of them. */
const LIBRARY_FOLDERS = ["/usr", "/lib", "/lib64", "/opt", "/nix/store", "/gnu/store"] as const;

const PLACE = 'annotations["krun.libkrun.path"]';

/**
 * @param rootfs of the container, which may lie anywhere.
 * @throws {SpecError} for a library that is missing, is elsewhere once links are followed, or that others than root
 * could have written.
 */
export function checkLibraryPath(path: string, rootfs: string): void {
  const real = realPath(path);
  const allowed = LIBRARY_FOLDERS.some((folder) => isBelow(real, folder));
  if (!allowed || isBelow(real, realPath(rootfs))) {
    throw new SpecError(
      PLACE,
      `${real} is not below ${
        LIBRARY_FOLDERS.join(", ")
      }: an image could name it, so put the library ` +
        "into one of these, or set LD_LIBRARY_PATH for kago",
    );
  }
  for (let at = real; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) refuseForeign(at);
}

/** The library and each folder above it. */
function refuseForeign(path: string): void {
  const { uid, mode } = Deno.statSync(path);
  const writableByOthers = ((mode ?? 0) & 0o022) !== 0;
  if (uid === 0 && !writableByOthers) return;
  throw new SpecError(PLACE, `${path} can be changed by others than root, make it root's alone`);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw new SpecError(PLACE, `${path} cannot be found`, { cause });
  }
}
