/** `kago update`: changes the limits of a container. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { updateContainer } from "../container/update.ts";
import { stateRoot } from "./state_root_option.ts";
import { updateResources } from "./update_resources.ts";
import { given } from "../common/given.ts";

export async function run(
  { global, options, positionals }: Invocation<"update">,
  logger: Logger,
): Promise<number> {
  const { l3CacheSchema, memBwSchema, ...limits } = options;
  const intelRdt = given({
    l3CacheSchema: l3CacheSchema || undefined,
    memBwSchema: memBwSchema || undefined,
  });
  const hasSchema = Object.keys(intelRdt).length > 0;
  const changes = {
    ...(hasSchema ? { intelRdt } : {}),
    resources: await updateResources(limits, logger.warn, hasSchema),
  };
  await updateContainer(stateRoot(global), positionals[0]!, changes);
  return 0;
}
