/** What limits a container's connections. It is loaded only for containers that ask for it (runtime/egress_lists.ts). */
import { isSandbox } from "../../executors/interface/executor.ts";
import { egressLists } from "../egress_lists.ts";
import type { Spec } from "../spec/spec.ts";
import type { CgroupBuild } from "./cgroup.ts";
import type { EgressBuild, EgressRequest } from "./egress_limits.ts";

/**
 * @param isOwnProcess whether Init becomes the container's process, with all that config.json gives it.
 * @returns undefined where nothing is limited; a pod's sandbox does nothing that could be.
 * @throws {SpecError | HostError} for rules that cannot be had, or would be in force in part only.
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
 * The spec with the file read-only that rules are made of, if they are made of one.
 * @throws {SpecError} for a list that is not of its form.
 */
export async function withTrustedFile(spec: Spec, id: string): Promise<Spec> {
  if (egressLists(spec).length === 0 || isSandbox(spec, id)) return spec;
  const { withReadonlyResolvConf } = await import("./egress_limits.ts");
  return withReadonlyResolvConf(spec);
}
