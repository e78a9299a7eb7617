/** `kago restore`: restores a container from a checkpoint, and unless detached, waits and deletes. */
import { catchSignals, waitInForeground } from "../../ffi/processes.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { deleteOwn } from "../container/delete.ts";
import { restoreContainer, type RestoreRequest } from "../container/restore.ts";
import { absolutePathIf, globalRequest } from "./build_request.ts";
import { criuFlags, criuFolders } from "./criu_options.ts";
import { exitCode } from "./exit_code.ts";
import { stateRoot } from "./state_root_option.ts";
import { given } from "../common/given.ts";

export async function run(invocation: Invocation<"restore">, logger: Logger): Promise<number> {
  const { detach, noSubreaper } = invocation.options;
  const request = restoreRequestOf(invocation);
  if (!detach) catchSignals(!noSubreaper);
  const { pid, master, state, lock } = await restoreContainer(request, logger.warn);
  if (detach) return 0;
  const status = waitInForeground(pid, master);
  await deleteOwn(request.root, state, lock, logger.warn);
  return exitCode(status);
}

function restoreRequestOf({ global, options, positionals }: Invocation<"restore">): RestoreRequest {
  const { pidFile, consoleSocket, lsmProfile, lsmMountContext } = options;
  return {
    id: positionals[0]!,
    root: stateRoot(global),
    bundle: options.bundle,
    config: "config.json",
    ...globalRequest(global),
    preserveFds: 0,
    noPivot: options.noPivot,
    noNewKeyring: false,
    foreground: !options.detach,
    ...given({
      criu: global.criu || undefined,
      pidFile: absolutePathIf(pidFile),
      consoleSocket: absolutePathIf(consoleSocket),
    }),
    folders: criuFolders(options),
    flags: {
      ...criuFlags(options),
      ...given({
        lsmProfile: lsmProfile || undefined,
        lsmMountContext: lsmMountContext || undefined,
      }),
    },
  };
}
