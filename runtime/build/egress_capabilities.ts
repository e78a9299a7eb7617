/** Capabilities that let a process bypass egress rules, which are checked on connect and send. */
import { SpecError } from "../common/errors.ts";
import { egressLists } from "../egress_lists.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/spec.ts";
import { trustsMountedFile } from "./resolv_conf.ts";

/** How a process with this capability bypasses rules on connections; undefined if it does not. */
type WayPast = (spec: Spec) => string | undefined;

const WAYS_PAST: Readonly<Record<string, WayPast>> = {
  CAP_NET_RAW: () => "can send packets without a connection",
  CAP_NET_ADMIN: () => "can redirect an allowed connection",
  CAP_SYS_ADMIN: (spec) => {
    if (!findNamespace(spec, "user")) return "can leave the cgroup or remove its rules";
    // A process can change mounts that were made for its own namespace.
    return trustsMountedFile(spec) ? "can write the /etc/resolv.conf of dns" : undefined;
  },
};

/**
 * For a container's process, or one of `exec`. A VMM does not keep these capabilities (vmm_features.ts), and in a guest
 * they have no effect outside it.
 * @throws {SpecError} naming the set that contains one of them.
 */
export function requireNoWayPast(spec: Spec): void {
  const from = egressLists(spec)[0]?.from;
  for (const [set, names] of Object.entries(spec.process?.capabilities ?? {})) {
    for (const [capability, wayPast] of Object.entries(WAYS_PAST)) {
      const way = names?.includes(capability) ? wayPast(spec) : undefined;
      if (way === undefined) continue;
      throw new SpecError(
        `process.capabilities.${set}`,
        `with ${capability} a process ${way}, which ${from} does not allow: leave the capability out ` +
          `(--cap-drop ${capability.slice("CAP_".length)})`,
      );
    }
  }
}
