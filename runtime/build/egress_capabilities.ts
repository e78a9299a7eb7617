/** Which capabilities lead a process past egress rules, which are asked when it connects and sends. */
import { SpecError } from "../common/errors.ts";
import { egressLists } from "../egress_lists.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Spec } from "../spec/spec.ts";

/** How a process with this capability gets past rules on connections. */
const WAYS_PAST: readonly (readonly [capability: string, way: string, onlyOnHost: boolean])[] = [
  ["CAP_NET_RAW", "can send packets without a connection", false],
  ["CAP_NET_ADMIN", "can redirect an allowed connection", false],
  ["CAP_SYS_ADMIN", "can leave the cgroup or remove its rules", true],
];

/**
 * Of a container's process, or one of `exec` in it. A VMM does not keep these capabilities (vmm_features.ts), and what they give in
 * a guest ends there.
 * @throws {SpecError} naming the set that has one of them.
 */
export function requireNoWayPast(spec: Spec): void {
  const from = egressLists(spec)[0]?.from;
  const ownUsers = findNamespace(spec, "user") !== undefined;
  for (const [set, names] of Object.entries(spec.process?.capabilities ?? {})) {
    for (const [capability, way, onlyOnHost] of WAYS_PAST) {
      if (onlyOnHost && ownUsers || !names?.includes(capability)) continue;
      throw new SpecError(
        `process.capabilities.${set}`,
        `with ${capability} a process ${way}, which ${from} does not allow: leave the capability out ` +
          `(--cap-drop ${capability.slice("CAP_".length)})`,
      );
    }
  }
}
