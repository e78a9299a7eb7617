/** `kago create`: makes a container whose process waits for `start`. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { withCreated } from "../process/container_create.ts";
import { createRequest } from "./create_request.ts";

export async function run(invocation: Invocation<"create">, logger: Logger): Promise<number> {
  await withCreated(createRequest(invocation, false, "created"), logger.warn, ({ launched }) => {
    launched.commit();
  });
  return 0;
}
