/** The plain executor: Init becomes the user's process, confined by what the plan has set up. */
import { SpecError } from "../runtime/common/errors.ts";
import type { Spec } from "../runtime/spec/spec.ts";
import type { Executor } from "./interface/executor.ts";

export const defaultExecutor: Executor = {
  name: "default",
  validate: refuseWatch,
  preExec: (spec) => ({ spec, rootfsFiles: [], warnings: [] }),
};

/** Refuses the one annotation of microVMs whose effect users would miss. */
function refuseWatch({ annotations }: Spec): void {
  if (annotations?.["krun.watch"] === undefined) return;
  throw new SpecError(
    'annotations["krun.watch"]',
    "is for microVMs: leave it out, for inotify in a plain container sees what the host changes",
  );
}
