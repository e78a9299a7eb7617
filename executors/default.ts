/** The plain executor: Init becomes the user's process, confined by what the plan has set up. */
import type { Executor } from "./interface/executor.ts";

export const defaultExecutor: Executor = {
  name: "default",
  validate() {},
  preExec: (spec) => ({ spec, rootfsFiles: [], warnings: [] }),
};
