/** `kago exec`: runs a process more in a container that is there. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { execInContainer, type ExecRequest } from "../container/exec.ts";
import { preservedFds } from "../build/preserved_fds.ts";
import { tenantGid } from "../tenant/user.ts";
import { absolutePath } from "./build_request.ts";
import { exitCode } from "./exit_code.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(invocation: Invocation<"exec">, logger: Logger): Promise<number> {
  return exitCode(await execInContainer(execRequest(invocation), logger.warn));
}

function execRequest({ global, options, positionals }: Invocation<"exec">): ExecRequest {
  const [id, ...args] = positionals;
  return {
    id: id!,
    root: stateRoot(global),
    ...(options.process ? { processFile: absolutePath(options.process) } : {}),
    flags: {
      args,
      env: options.env,
      ...(options.cwd ? { cwd: options.cwd } : {}),
      additionalGids: options.additionalGids.map(tenantGid),
      capabilities: options.cap,
      ...(options.apparmor ? { apparmorProfile: options.apparmor } : {}),
      ...(options.processLabel ? { selinuxLabel: options.processLabel } : {}),
      noNewPrivileges: options.noNewPrivs,
      terminal: options.tty,
    },
    ...(options.user !== undefined ? { user: options.user } : {}),
    cgroup: options.cgroup,
    ignorePaused: options.ignorePaused,
    detach: options.detach,
    ...(options.pidfdSocket ? { pidfdSocket: absolutePath(options.pidfdSocket) } : {}),
    ...(options.consoleSocket ? { consoleSocket: absolutePath(options.consoleSocket) } : {}),
    ...(options.pidFile ? { pidFile: absolutePath(options.pidFile) } : {}),
    preserveFds: preservedFds(options.preserveFds),
    subreaper: !options.noSubreaper,
  };
}
