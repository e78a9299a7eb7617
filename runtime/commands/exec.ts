/** `kago exec`: runs an additional process in a container. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { execInContainer, type ExecRequest } from "../container/exec.ts";
import { preservedFds } from "../build/preserved_fds.ts";
import { tenantGid } from "../tenant/user.ts";
import { absolutePathIf } from "./build_request.ts";
import { exitCode } from "./exit_code.ts";
import { stateRoot } from "./state_root_option.ts";
import { given } from "../common/given.ts";

export async function run(invocation: Invocation<"exec">, logger: Logger): Promise<number> {
  return exitCode(await execInContainer(execRequest(invocation), logger.warn));
}

function execRequest({ global, options, positionals }: Invocation<"exec">): ExecRequest {
  const [id, ...args] = positionals;
  return {
    id: id!,
    root: stateRoot(global),
    flags: {
      args,
      env: options.env,
      additionalGids: options.additionalGids.map(tenantGid),
      capabilities: options.cap,
      ...given({
        cwd: options.cwd || undefined,
        apparmorProfile: options.apparmor || undefined,
        selinuxLabel: options.processLabel || undefined,
      }),
      noNewPrivileges: options.noNewPrivs,
      terminal: options.tty,
    },
    cgroup: options.cgroup,
    ignorePaused: options.ignorePaused,
    detach: options.detach,
    ...given({
      processFile: absolutePathIf(options.process),
      user: options.user,
      pidfdSocket: absolutePathIf(options.pidfdSocket),
      consoleSocket: absolutePathIf(options.consoleSocket),
      pidFile: absolutePathIf(options.pidFile),
    }),
    preserveFds: preservedFds(options.preserveFds),
    subreaper: !options.noSubreaper,
  };
}
