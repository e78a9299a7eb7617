/** `kago create`: makes a container whose process waits for `start`. */
import { variable } from "../../ffi/environment.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { withCreated } from "../container/create.ts";
import { namesManager } from "../stages/sd_notify.ts";
import { createRequest } from "./create_request.ts";

export async function run(invocation: Invocation<"create">, logger: Logger): Promise<number> {
  const request = {
    ...createRequest(invocation, false, "created", logger.warn),
    // `start` passes messages on, to its own NOTIFY_SOCKET.
    sdNotify: namesManager(variable("NOTIFY_SOCKET")),
  };
  await withCreated(request, logger.warn, ({ launched }) => launched.commit());
  return 0;
}
