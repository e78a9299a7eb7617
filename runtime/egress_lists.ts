/**
 * Whether a container's connections are limited, and by which annotations. It is the little that is asked of every container;
 * what the lists say is runtime/cgroup/egress's, which is loaded for those that have one.
 */
import type { Spec } from "./spec/spec.ts";

/** For containers of every executor. */
export const EGRESS = "run.kago.egress";

/** The same among the names of microVMs' annotations. */
export const EGRESS_OF_KRUN = "krun.egress";

/** A list as somebody wrote it, and where. */
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
