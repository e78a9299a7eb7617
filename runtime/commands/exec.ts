/** `kago exec`: runs an additional process in a container. */
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
    processFile: options.process ? absolutePath(options.process) : undefined,
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
    user: options.user,
    cgroup: options.cgroup,
    ignorePaused: options.ignorePaused,
    detach: options.detach,
    pidfdSocket: options.pidfdSocket ? absolutePath(options.pidfdSocket) : undefined,
    consoleSocket: options.consoleSocket ? absolutePath(options.consoleSocket) : undefined,
    pidFile: options.pidFile ? absolutePath(options.pidFile) : undefined,
    preserveFds: preservedFds(options.preserveFds),
    subreaper: !options.noSubreaper,
  };
}
