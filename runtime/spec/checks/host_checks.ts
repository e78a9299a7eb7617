/** Checks of a spec against this host. All other checks in this folder are pure. */
import { describeErrno, errnoOf, SpecError } from "../../common/errors.ts";
import { formatPath } from "../json_path.ts";
import { findNamespace } from "../namespaces.ts";
import type { Spec } from "../spec.ts";
import { sysctlPath } from "../sysctl.ts";
import { ifThere, isThere } from "../../common/files.ts";

/**
 * Checks a spec that has passed checkSpec().
 * @throws {SpecError} when it would be unsafe on this host.
 */
export function checkHost(spec: Spec): void {
  netSysctlsAreNotTheHosts(spec);
  labelsNeedTheirModule(spec);
}

const SELINUX_FILE = "/sys/fs/selinux/enforce";

/** A label or profile that is not enforced would protect nothing; until a policy is loaded, every label is "kernel". */
export function labelsNeedTheirModule({ process, linux }: Pick<Spec, "process" | "linux">): void {
  for (
    const [place, label] of [
      ["process.selinuxLabel", process?.selinuxLabel],
      ["linux.mountLabel", linux?.mountLabel],
    ] as const
  ) {
    if (!label || isSelinuxEnabled()) continue;
    throw new SpecError(place, "SELinux is not enabled on this host: leave the label out");
  }
  if (process?.apparmorProfile && !isThere("/proc/self/attr/apparmor")) {
    throw new SpecError(
      "process.apparmorProfile",
      "this host's kernel has no AppArmor: leave the profile out",
    );
  }
}

function isSelinuxEnabled(): boolean {
  const label = ifThere(() => {
    Deno.statSync(SELINUX_FILE);
    return Deno.readTextFileSync("/proc/self/attr/current").replace(/\0$/, "");
  });
  return label !== undefined && label !== "kernel";
}

/** A path may be that of the host's own network namespace, as with --network=host of some engines. */
function netSysctlsAreNotTheHosts(spec: Spec): void {
  const path = findNamespace(spec, "network")?.path;
  if (!path) return;
  const names = Object.keys(spec.linux?.sysctl ?? {});
  const name = names.find((candidate) => sysctlPath(candidate)?.startsWith("net/"));
  if (name === undefined || !isSameFile(path, "/proc/self/ns/net", spec)) return;
  throw new SpecError(
    formatPath(["linux", "sysctl", name]),
    `would change the host: ${path} is the host's network namespace`,
  );
}

function isSameFile(path: string, own: string, spec: Spec): boolean {
  try {
    const [one, other] = [Deno.statSync(path), Deno.statSync(own)];
    return one.dev === other.dev && one.ino === other.ino;
  } catch (cause) {
    const index = spec.linux?.namespaces?.findIndex(({ type }) => type === "network");
    throw new SpecError(
      `linux.namespaces[${index}].path`,
      `cannot look at ${path}: ${describeErrno(errnoOf(cause))}`,
      { cause },
    );
  }
}
