/** `exec`: starts a tenant in a running container. */
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { catchSignals, type ExitStatus, waitInForeground } from "../../ffi/processes.ts";
import { EACCES, EBUSY } from "../common/errno.ts";
import { oomKills } from "../cgroup/stats/oom_kills.ts";
import { cgroupOfInit } from "../cgroup/sub_cgroup.ts";
import { SyscallError } from "../common/errors.ts";
import { explainDeath } from "./out_of_memory.ts";
import { phase } from "../common/phases.ts";
import { writePidFile } from "./pid_file.ts";
import { sendPidfd } from "./pidfd_socket.ts";
import { type Stages, startStages } from "../stages/spawn.ts";
import { undoAll } from "../common/undo.ts";
import { buildTenant, type TenantBuild, type TenantRequest } from "../tenant/build.ts";

export interface ExecRequest extends TenantRequest {
  readonly pidFile?: string;
  /** Unix socket that gets a pidfd of the process. */
  readonly pidfdSocket?: string;
  /** Does this process reap the orphans of a tenant in the foreground? */
  readonly subreaper: boolean;
}

type Warn = (message: string) => void;

/**
 * Runs a tenant, until it exits unless detached.
 * @returns its exit status; exit code 0 for a detached one that was started.
 * @throws {StateError | SpecError | UsageError | HostError | SyscallError} when it could not be started.
 */
export async function execInContainer(request: ExecRequest, warn: Warn): Promise<ExitStatus> {
  const tenant = await buildTenant(request);
  using _init = tenant.init;
  phase("container and process looked at, plan compiled");
  tenant.warnings.forEach(warn);
  if (!request.detach) catchSignals(request.subreaper);
  const { pid, master } = startTenant(tenant, request, warn);
  return request.detach ? { code: 0 } : waitInForeground(pid, master);
}

function startTenant(
  tenant: TenantBuild,
  { pidFile, pidfdSocket, cgroup }: ExecRequest,
  warn: Warn,
): Stages {
  const undo: (() => void)[] = [];
  const { cgroup: record } = tenant.state;
  const isLimited = tenant.task.spec.linux?.resources?.memory !== undefined;
  const kills = record && isLimited ? oomKills(record) : undefined;
  try {
    const stages = startInCgroup(tenant, cgroup.length > 0, undo, warn);
    if (pidFile) writePidFile(pidFile, stages.pid);
    if (pidfdSocket) sendPidfd(pidfdSocket, stages.pid, "setns");
    stages.start();
    return stages;
  } catch (error) {
    const cause = kills === undefined
      ? error
      : explainDeath(error, record, tenant.task.spec, kills);
    throw undoAll(undo, cause);
  }
}

/**
 * The container's v2 cgroup may refuse processes: if Init has delegated its controllers and moved to a sub-cgroup; or,
 * without root, if the caller may not move processes into it. The latter is only a warning.
 */
function startInCgroup(
  { task, init, cloneInto, state }: TenantBuild,
  isExplicit: boolean,
  undo: (() => void)[],
  warn: Warn,
): Stages {
  const start = (folder: string | undefined) => {
    const cgroup = folder === undefined ? -1 : openFolder(folder);
    try {
      return startStages(task, { listen: -1, target: init.pidfd, cgroup }, undo);
    } finally {
      if (cgroup >= 0) closeFd(cgroup);
    }
  };
  try {
    return start(cloneInto);
  } catch (error) {
    const errno = error instanceof SyscallError && cloneInto !== undefined ? error.errno : 0;
    const other = errno === EBUSY && !isExplicit ? cgroupOfInit(state.pid) : undefined;
    if (other !== undefined && other !== cloneInto) return start(other);
    if (errno !== EACCES || task.host.uid === 0) throw error;
    warn(`the process is not moved into the cgroup ${cloneInto}, which is not delegated to you`);
    return start(undefined);
  }
}
