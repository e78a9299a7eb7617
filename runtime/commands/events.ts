/** `kago events`: a container's statistics and OOM events as JSON, one per line. */
import type { Invocation } from "../cli/command_table.ts";
import { parseDuration } from "../cli/duration.ts";
import { print } from "../cli/output.ts";
import { type ContainerEvent, followEvents, statsEvent } from "../container/events.ts";
import { stringifyJson } from "../spec/json.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(
  { global, options, positionals }: Invocation<"events">,
): Promise<number> {
  const interval = parseDuration("interval", options.interval);
  const root = stateRoot(global);
  const id = positionals[0]!;
  const printEvent = (event: ContainerEvent) => print(`${stringifyJson(event)}\n`);
  if (options.stats) printEvent(await statsEvent(root, id));
  else await followEvents(root, id, interval, printEvent);
  return 0;
}
