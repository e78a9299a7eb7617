/**
 * Whether a container's connections are limited, and by which annotations. Only this check runs for every container;
 * runtime/cgroup/egress parses the lists, and is loaded for containers that have one.
 */
import type { Spec } from "./spec/spec.ts";

/** For containers of all executors. */
export const EGRESS = "run.kago.egress";

/** The same, with a name of microVMs' annotations. */
export const EGRESS_OF_KRUN = "krun.egress";

/** An unparsed list, and its place. */
export interface EgressList {
  readonly from: string;
  readonly text: string;
}

/** Each of them must allow a connection: none widens what another one allows. */
export function egressLists({ annotations }: Spec): EgressList[] {
  if (!annotations) return [];
  return [EGRESS, EGRESS_OF_KRUN].flatMap((name) => {
    const text = annotations[name];
    return text === undefined ? [] : [{ from: `annotations["${name}"]`, text }];
  });
}
