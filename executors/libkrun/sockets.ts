/**
 * The Unix sockets among a microVM's `mounts`. The guest's kernel cannot connect to a socket of the host, so the agent
 * listens in its place (helper-c/agent/guest_sockets.c), and the VMM connects to it (helper-c/vmm/host_sockets.c).
 */
import { SpecError } from "../../runtime/common/errors.ts";
import { joinPath } from "../../runtime/common/path.ts";
import { LINKS } from "../../runtime/plan/op.ts";
import { parseMountOptions } from "../../runtime/plan/mount_options.ts";
import type { Mount, Spec } from "../../runtime/spec/spec.ts";

/** As SOCKETS_MAX in helper-c/session/socket_relay.h. */
const MOST = 32;

/**
 * The indexes of the `mounts` that bind a socket, in order.
 * @param bundle absolute path, the base of relative sources.
 * @throws {SpecError} for more than a microVM can have.
 */
export function socketMounts({ mounts = [] }: Spec, bundle: string): readonly number[] {
  const found = mounts.flatMap((mount, index) =>
    bindsSocket(mount, bundle) && !isCovered(mount, mounts.slice(index + 1)) ? [index] : []
  );
  if (found.length <= MOST) return found;
  throw new SpecError(
    `mounts[${found[MOST]}]`,
    `is beyond the ${MOST} Unix sockets that a microVM can have: bind fewer`,
  );
}

function bindsSocket({ type, source, options = [] }: Mount, bundle: string): boolean {
  const { bind, remount, links } = parseMountOptions(options);
  if (!source || remount || !(bind || type === "bind")) return false;
  return isSocket(joinPath(bundle, source), links === LINKS.follow);
}

/** A path that cannot be examined is reported when it is bound. */
function isSocket(path: string, followLinks: boolean): boolean {
  try {
    return (followLinks ? Deno.statSync : Deno.lstatSync)(path).isSocket ?? false;
  } catch {
    return false;
  }
}

/** Is it covered by a later mount at the same place or above? A remount only changes the existing mount. */
export function isCovered({ destination }: Mount, later: readonly Mount[]): boolean {
  const path = joinPath("/", destination);
  return later.some((mount) => {
    if (parseMountOptions(mount.options ?? []).remount) return false;
    const above = joinPath("/", mount.destination);
    return path === above || above === "/" || path.startsWith(`${above}/`);
  });
}
