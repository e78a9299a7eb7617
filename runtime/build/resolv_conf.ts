/** The /etc/resolv.conf that `dns` in an egress list refers to. The container must not be able to write it. */
import { parseEgress } from "../cgroup/egress/egress_entries.ts";
import { disposing } from "../common/disposing.ts";
import { HostError } from "../common/errors.ts";
import { isAbsent } from "../common/files.ts";
import { joinPath } from "../common/path.ts";
import { readBounded } from "../common/read_bounded.ts";
import { egressLists } from "../egress_lists.ts";
import { parseMountOptions } from "../plan/mount_options.ts";
import type { Mount, Spec } from "../spec/spec.ts";

const RESOLV_CONF = "/etc/resolv.conf";

/** Bytes; a list of name servers has only a few lines. */
const MOST_OF_RESOLV_CONF = 64 * 1024;

/** Does a list allow the name servers of a file that config.json mounts? */
export function trustsMountedFile(spec: Spec): boolean {
  return spec.mounts?.some(isOnResolvConf) === true &&
    egressLists(spec).some((list) => parseEgress(list).some(({ target }) => target.kind === "dns"));
}

/**
 * The spec with that file mounted read-only. Engines bind it read-write and keep it when the container starts again; its
 * contents would then choose the allowed name servers.
 * @throws {SpecError} for a malformed list.
 */
export function withReadonlyResolvConf(spec: Spec): Spec {
  if (!trustsMountedFile(spec)) return spec;
  // `ro` would clear nosuid, nodev and noexec, which the bind inherits from its source.
  const mounts = spec.mounts!.map((mount) =>
    isOnResolvConf(mount) ? { ...mount, options: [...(mount.options ?? []), "rro"] } : mount
  );
  return { ...spec, mounts };
}

function isOnResolvConf({ destination }: Mount): boolean {
  return joinPath("/", destination) === RESOLV_CONF;
}

/**
 * The text of the file that config.json binds there, else of the host's: the image must not choose the name servers.
 * @param bundle base of relative sources.
 * @throws {HostError} for a file that is too long.
 */
export function resolvConf({ mounts = [] }: Spec, bundle: string): string {
  const source = mounts.findLast((mount) => isOnResolvConf(mount) && isBind(mount))?.source;
  for (const path of [source === undefined ? undefined : joinPath(bundle, source), RESOLV_CONF]) {
    if (path === undefined) continue;
    try {
      const bytes = disposing(
        Deno.openSync(path),
        (file) => readBounded(file, MOST_OF_RESOLV_CONF),
      );
      if (bytes) return new TextDecoder().decode(bytes);
      throw new HostError(`${path} has more than ${MOST_OF_RESOLV_CONF} bytes`, "shorten it");
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
  return "";
}

/** The source of a remount is ignored. */
function isBind({ type, options = [] }: Mount): boolean {
  const { bind, remount } = parseMountOptions(options);
  return (bind || type === "bind") && !remount;
}
