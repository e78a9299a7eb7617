/** Limits on a container's connections; loaded only for containers that request them (runtime/egress_lists.ts). */
import { isSandbox } from "../../executors/interface/executor.ts";
import { egressLists } from "../egress_lists.ts";
import type { Spec } from "../spec/spec.ts";
import type { CgroupBuild } from "./cgroup.ts";
import type { EgressBuild, EgressRequest } from "./egress_limits.ts";

/**
 * @param isOwnProcess whether Init becomes the container's process, with all of its settings in config.json.
 * @returns undefined if nothing is limited; a pod's sandbox makes no connections that could be.
 * @throws {SpecError | HostError} for rules that are not supported, or could only be applied in part.
 */
export async function buildEgress(
  request: EgressRequest,
  spec: Spec,
  isOwnProcess: boolean,
  cgroup: CgroupBuild | undefined,
): Promise<EgressBuild | undefined> {
  const lists = egressLists(spec);
  if (lists.length === 0 || isSandbox(spec, request.id)) return undefined;
  const { limitEgress } = await import("./egress_limits.ts");
  return await limitEgress(lists, request, spec, isOwnProcess, cgroup);
}

/**
 * The spec in which the file that rules are derived from, if any, is mounted read-only.
 * @throws {SpecError} for a malformed list.
 */
export async function withTrustedFile(spec: Spec, id: string): Promise<Spec> {
  if (egressLists(spec).length === 0 || isSandbox(spec, id)) return spec;
  const { withReadonlyResolvConf } = await import("./egress_limits.ts");
  return withReadonlyResolvConf(spec);
}
