/** The options of `create` and `run` as one request. */
import { variable } from "../../ffi/environment.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { CreateRequest } from "../container/create.ts";
import { inheritedListenFds } from "../build/listen_fds.ts";
import { preservedFds } from "../build/preserved_fds.ts";
import { absolutePathIf, globalRequest } from "./build_request.ts";
import { stateRoot } from "./state_root_option.ts";
import { given } from "../common/given.ts";

export function createRequest(
  { global, options, positionals }: Invocation<"create"> | Invocation<"run">,
  foreground: boolean,
  status: CreateRequest["status"],
  warn: (message: string) => void,
): CreateRequest {
  const listenFds = inheritedListenFds(variable("LISTEN_PID"), variable("LISTEN_FDS"), warn);
  return {
    id: positionals[0]!,
    root: stateRoot(global),
    bundle: options.bundle,
    config: options.config,
    ...globalRequest(global),
    ...given({
      pidFile: absolutePathIf(options.pidFile),
      pidfdSocket: absolutePathIf(options.pidfdSocket),
      consoleSocket: absolutePathIf(options.consoleSocket),
      listenFds: listenFds > 0 ? listenFds : undefined,
    }),
    preserveFds: listenFds + preservedFds(options.preserveFds, 3 + listenFds),
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    foreground,
    status,
  };
}
