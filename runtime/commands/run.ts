/** `kago run`: creates and starts a container, and unless detached, waits and deletes. */
import { variable } from "../../ffi/environment.ts";
import { catchSignals, waitInForeground } from "../../ffi/processes.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { withCreated } from "../container/create.ts";
import { runPoststart } from "../container/start.ts";
import { deleteOwn } from "../container/delete.ts";
import { awaitReady, connectToManager } from "../stages/sd_notify.ts";
import { createRequest } from "./create_request.ts";
import { exitCode } from "./exit_code.ts";

export async function run(invocation: Invocation<"run">, logger: Logger): Promise<number> {
  const { detach, keep, noSubreaper } = invocation.options;
  const manager = connectToManager(variable("NOTIFY_SOCKET"), logger.warn);
  const request = {
    ...createRequest(invocation, !detach, "running", logger.warn),
    manager,
    sdNotify: manager >= 0,
  };
  if (!detach) catchSignals(!noSubreaper);
  const { launched, state, lock, notify } = await withCreated(request, logger.warn, (created) => {
    created.launched.start();
    runPoststart(created.state);
    return created;
  });
  if (detach) {
    awaitReady(notify, launched.pid);
    return 0;
  }
  const status = waitInForeground(launched.pid, launched.master, notify);
  if (!keep) await deleteOwn(request.root, state, lock, logger.warn);
  return exitCode(status);
}
