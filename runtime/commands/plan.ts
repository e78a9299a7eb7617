/** `kago plan`: the operations of `create`, stage by stage. Needs no root and executes nothing. */
import type { Invocation } from "../cli/command_table.ts";
import { UsageError } from "../common/errors.ts";
import { print } from "../cli/output.ts";
import { formatPlan, formatPlanDiff, formatSettings, planToJson } from "../plan/format.ts";
import { buildContainer } from "../build/container.ts";
import { globalRequest } from "./build_request.ts";

export async function run({ global, options, positionals }: Invocation<"plan">): Promise<number> {
  if (options.diff !== undefined && options.json) {
    throw new UsageError(
      "plan: --diff prints text; leave --json out, or compare two outputs of --json yourself",
    );
  }
  const planOf = async (bundle: string) => {
    const build = await buildContainer({
      id: positionals[0] ?? "CONTAINER",
      bundle,
      config: "config.json",
      ...globalRequest(global),
      preserveFds: 0,
      noPivot: false,
      noNewKeyring: false,
    });
    return build;
  };
  const { plan, settings } = await planOf(options.bundle);
  if (options.diff !== undefined) {
    print(formatPlanDiff(plan, (await planOf(options.diff)).plan));
  } else if (options.json) print(`${planToJson(plan, settings)}\n`);
  else print(formatPlan(plan) + formatSettings(settings));
  return 0;
}
