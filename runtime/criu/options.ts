/** criu's options from the command line, the same for a dump and a restore. Pure. */
import { UsageError } from "../common/errors.ts";
import { CRIU_FDS } from "./plan.ts";
import { NAMESPACES } from "../spec/namespaces.ts";
import { CGROUP_MODES, type CgroupMode, type CriuOpts } from "./rpc.ts";

/** Options of both `checkpoint` and `restore`. */
export interface CriuFlags {
  readonly tcpEstablished: boolean;
  readonly tcpClose: boolean;
  readonly extUnixSk: boolean;
  readonly shellJob: boolean;
  readonly fileLocks: boolean;
  readonly autoDedup: boolean;
  readonly lazyPages: boolean;
  readonly manageCgroupsMode: CgroupMode;
  /** Types of namespaces that are created and left empty. */
  readonly emptyNs: readonly string[];
}

/** Settings of the host's administrator; they override the options here. */
const CONFIG_FILE = "/etc/criu/kago.conf";

/** Messages and warnings, which help after a failure. */
const LOG_LEVEL = 4;

/** @throws {UsageError} for a namespace that criu cannot leave empty. */
export function commonOpts(flags: CriuFlags): CriuOpts {
  return {
    images_dir_fd: CRIU_FDS.images,
    work_dir_fd: CRIU_FDS.work,
    log_level: LOG_LEVEL,
    notify_scripts: true,
    tcp_established: flags.tcpEstablished,
    tcp_close: flags.tcpClose,
    ext_unix_sk: flags.extUnixSk,
    shell_job: flags.shellJob,
    file_locks: flags.fileLocks,
    auto_dedup: flags.autoDedup,
    lazy_pages: flags.lazyPages,
    manage_cgroups: true,
    manage_cgroups_mode: CGROUP_MODES[flags.manageCgroupsMode],
    empty_ns: emptyNamespaces(flags.emptyNs),
    orphan_pts_master: true,
    config_file: CONFIG_FILE,
  };
}

function emptyNamespaces(types: readonly string[]): number {
  const other = types.find((type) => type !== "network");
  if (other === undefined) return types.length > 0 ? NAMESPACES.network.flag : 0;
  throw new UsageError(`--empty-ns ${other}: only a network namespace can be left empty`);
}
