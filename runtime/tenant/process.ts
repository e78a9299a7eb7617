/**
 * The process of `exec`, from the container's process and the caller's options. Pure. Precedence is as in runc: what
 * confines the container also confines the tenant, unless the caller overrides it.
 */
import type { Process, User } from "../spec/spec.ts";

/** The options of the command line for a process without `--process`. */
export interface ProcessFlags {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly user?: User;
  readonly additionalGids: readonly number[];
  /** Added to those of the container's process. */
  readonly capabilities: readonly string[];
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  readonly noNewPrivileges: boolean;
  readonly terminal: boolean;
}

/** The process of a `--process` file, with missing properties from the container's. */
export function processOfFile(file: Process, container: Process): Process {
  const umask = file.user?.umask ?? container.user?.umask;
  return defined<Process>({
    ...file,
    user: umask === undefined ? file.user : { ...file.user, umask },
    rlimits: file.rlimits?.length ? file.rlimits : container.rlimits,
    capabilities: file.capabilities ?? container.capabilities,
    apparmorProfile: file.apparmorProfile || container.apparmorProfile,
    selinuxLabel: file.selinuxLabel || container.selinuxLabel,
    oomScoreAdj: file.oomScoreAdj ?? container.oomScoreAdj,
    scheduler: file.scheduler ?? container.scheduler,
    ioPriority: file.ioPriority ?? container.ioPriority,
    execCPUAffinity: file.execCPUAffinity ?? container.execCPUAffinity,
  });
}

/** The container's process with the command line's changes. */
export function processOfFlags(flags: ProcessFlags, container: Process): Process {
  const user = flags.user ?? container.user ?? {};
  const additionalGids = [...(user.additionalGids ?? []), ...flags.additionalGids];
  return defined<Process>({
    ...container,
    args: flags.args,
    env: [...(container.env ?? []), ...flags.env],
    cwd: flags.cwd ?? container.cwd,
    user: additionalGids.length > 0 ? { ...user, additionalGids } : user,
    capabilities: withCapabilities(container.capabilities, flags.capabilities),
    apparmorProfile: flags.apparmorProfile ?? container.apparmorProfile,
    selinuxLabel: flags.selinuxLabel ?? container.selinuxLabel,
    noNewPrivileges: flags.noNewPrivileges || container.noNewPrivileges,
    terminal: flags.terminal,
  });
}

/** Not to the inheritable set: a program with file capabilities would regain them (CVE-2022-29162). */
function withCapabilities(
  base: Process["capabilities"] = {},
  added: readonly string[],
): Process["capabilities"] {
  if (added.length === 0) return base;
  const add = (names: readonly string[] = []) => [...new Set([...names, ...added])];
  return {
    ...base,
    bounding: add(base.bounding),
    effective: add(base.effective),
    permitted: add(base.permitted),
    ambient: add(base.ambient),
  };
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Without the properties that are undefined. */
function defined<T extends object>(value: Loose<T>): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}
