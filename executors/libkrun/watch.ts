/**
 * The host's directories whose changes are reported to a guest's inotify(7): `krun.watch` names binds of the container. The
 * VMM watches them (helper-c/vmm/host_watch.c), and the agent makes the events (helper-c/agent/touch.c).
 */
import type { SpecError } from "../../runtime/common/errors.ts";
import { joinPath } from "../../runtime/common/path.ts";
import { MOUNT_ATTR, parseMountOptions } from "../../runtime/plan/mount_options.ts";
import type { Mount, Spec } from "../../runtime/spec/spec.ts";
import { annotationError } from "./settings/annotations.ts";
import { isCovered } from "./sockets.ts";

/** As WATCH_ROOTS_MAX in helper-c/vmm/watch_tree.h. */
const MOST = 16;

/** The place in errors about the annotation as a whole. */
export const WATCH_FROM = 'annotations["krun.watch"]';

/**
 * The destinations of the mounts at `paths`, without duplicates.
 * @throws {SpecError} for a path that is not a mount, or whose changes cannot be reported to a guest.
 */
export function watchedMounts(
  { mounts = [] }: Spec,
  paths: readonly string[],
): readonly string[] {
  const wanted = [...new Set(paths.map((path) => joinPath("/", path)))];
  if (wanted.length > MOST) {
    throw annotationError(
      "krun.watch",
      `names ${wanted.length} mounts, must be at most ${MOST}: name fewer, or one that holds several`,
    );
  }
  return wanted.map((path) => {
    const index = mounts.findLastIndex((mount) => isAt(mount, path));
    const mount = mounts[index];
    if (!mount || isCovered(mount, mounts.slice(index + 1))) {
      throw refused(path, "no mount of the container", "name the destination of a mount");
    }
    requireWatchable(mount, path);
    return path;
  });
}

function isAt({ destination, options = [] }: Mount, path: string): boolean {
  return joinPath("/", destination) === path && !parseMountOptions(options).remount;
}

function requireWatchable({ type, source, options = [] }: Mount, path: string) {
  const { bind, attrs, recAttrs } = parseMountOptions(options);
  if (!source || !(bind || type === "bind")) {
    throw refused(
      path,
      "no bind of a directory of the host",
      "leave it out, for the guest sees what changes there",
    );
  }
  if ((attrs.set | recAttrs.set) & MOUNT_ATTR.RDONLY) {
    throw refused(
      path,
      "mounted read-only, where nobody in the guest can make an event",
      "mount it without ro",
    );
  }
}

function refused(path: string, what: string, remedy: string): SpecError {
  return annotationError("krun.watch", `names ${path}, which is ${what}: ${remedy}`);
}
