/** The options of `create` and `run` as one request. */
import type { Invocation } from "../cli/command_table.ts";
import { invokedAs } from "../invoked_as.ts";
import { joinPath } from "../plan/path.ts";
import type { CreateRequest } from "../process/container_create.ts";
import { inheritedListenFds } from "../process/listen_fds.ts";
import { preservedFds } from "../process/preserved_fds.ts";
import { stateRoot } from "./state_root_option.ts";

export function createRequest(
  { global, options, positionals }: Invocation<"create"> | Invocation<"run">,
  foreground: boolean,
  status: CreateRequest["status"],
): CreateRequest {
  const manager = global.systemdCgroup ? "systemd" : global.cgroupManager;
  const listenFds = inheritedListenFds(Deno.env.get("LISTEN_PID"), Deno.env.get("LISTEN_FDS"));
  const absolute = (path: string) => joinPath(Deno.cwd(), path);
  return {
    id: positionals[0]!,
    root: stateRoot(global),
    bundle: options.bundle,
    config: options.config,
    invokedAs: invokedAs(),
    ...(global.handler ? { handler: global.handler } : {}),
    ...(manager ? { cgroupManager: manager } : {}),
    rootless: global.rootless,
    ...(options.pidFile ? { pidFile: absolute(options.pidFile) } : {}),
    ...(options.consoleSocket ? { consoleSocket: absolute(options.consoleSocket) } : {}),
    preserveFds: listenFds + preservedFds(options.preserveFds, 3 + listenFds),
    ...(listenFds > 0 ? { listenFds } : {}),
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    foreground,
    status,
  };
}
