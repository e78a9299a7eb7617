/** `kago update`: changes the limits of a container. */
import type { Invocation } from "../cli/command_table.ts";
import { HostError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { updateContainer } from "../process/container_update.ts";
import { stateRoot } from "./state_root_option.ts";
import { updateResources } from "./update_resources.ts";

export async function run(
  { global, options, positionals }: Invocation<"update">,
  logger: Logger,
): Promise<number> {
  const { l3CacheSchema, memBwSchema, ...limits } = options;
  if (l3CacheSchema !== undefined || memBwSchema !== undefined) {
    throw new HostError(
      `--${l3CacheSchema === undefined ? "mem-bw-schema" : "l3-cache-schema"}: the group of ` +
        "resctrl is chosen when a container is created",
      "set linux.intelRdt in config.json, or write to its schemata file",
    );
  }
  const resources = await updateResources(limits, logger.warn);
  await updateContainer(stateRoot(global), positionals[0]!, resources);
  return 0;
}
