/** `kago run`: create and start in one, and unless detached, wait and delete. */
import { catchSignals, waitInForeground } from "../../ffi/shim.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { withCreated } from "../process/container_create.ts";
import { runPoststart } from "../process/container_start.ts";
import { deleteOwn } from "../process/container_delete.ts";
import { createRequest } from "./create_request.ts";
import { exitCode } from "./exit_code.ts";

export async function run(invocation: Invocation<"run">, logger: Logger): Promise<number> {
  const { detach, keep, noSubreaper } = invocation.options;
  const request = createRequest(invocation, !detach, "running");
  if (!detach) catchSignals(!noSubreaper);
  const { launched, state, lock } = await withCreated(request, logger.warn, (created) => {
    created.launched.start();
    runPoststart(created.state);
    return created;
  });
  if (detach) return 0;
  const status = waitInForeground(launched.pid, launched.master);
  if (!keep) await deleteOwn(request.root, state, lock, logger.warn);
  return exitCode(status);
}
