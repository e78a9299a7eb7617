/** `kago plan`: what `create` would execute, stage by stage. Needs no root and does nothing. */
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { formatPlan, planToJson } from "../plan/format.ts";
import { buildContainer } from "../build/container.ts";
import { globalRequest } from "./build_request.ts";

export async function run({ global, options, positionals }: Invocation<"plan">): Promise<number> {
  const build = await buildContainer({
    id: positionals[0] ?? "CONTAINER",
    bundle: options.bundle,
    config: "config.json",
    ...globalRequest(global),
    preserveFds: 0,
    noPivot: false,
    noNewKeyring: false,
  });
  const text = options.json ? `${planToJson(build.plan)}\n` : formatPlan(build.plan);
  print(text);
  return 0;
}
