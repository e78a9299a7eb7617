/** The criu request for a checkpoint. Pure: facts about the container come from container_facts.ts. */
import type { Spec } from "../spec/spec.ts";
import { type ExternalMount, externalNamespaces, maskNames } from "./externals.ts";
import { commonOpts, type CriuFlags } from "./options.ts";
import type { CriuOpts, CriuRequest } from "./rpc.ts";
import { given } from "../common/given.ts";

export const DUMP_LOG = "dump.log";

/** The options of a dump. */
export interface DumpFlags extends CriuFlags {
  readonly leaveRunning: boolean;
  readonly preDump: boolean;
  /** Relative to the folder of the images. */
  readonly parentPath?: string;
  readonly linkRemap: boolean;
  readonly tcpSkipInFlight: boolean;
  readonly pageServer?: { readonly address: string; readonly port: number };
}

/** A running container. */
export interface DumpSubject {
  readonly pid: number;
  readonly rootfs: string;
  readonly spec: Spec;
  readonly externals: readonly ExternalMount[];
  /** The folder of the freezer cgroup. */
  readonly freezer?: string;
  /** Where a path in the container resolves to, if that is a mount point, and whether it is the null device. */
  mountAt(path: string): { readonly mountPoint: string; readonly isNull: boolean } | undefined;
  /** The inode of a namespace of the container, by its name below /proc/PID/ns. */
  namespaceInode(procName: string): number;
}

export function dumpRequest(subject: DumpSubject, flags: DumpFlags): CriuRequest {
  const opts: CriuOpts = {
    ...commonOpts(flags),
    log_file: DUMP_LOG,
    pid: subject.pid,
    root: subject.rootfs,
    leave_running: flags.leaveRunning,
    link_remap: flags.linkRemap,
    tcp_skip_in_flight: flags.tcpSkipInFlight,
    ...given({ ps: flags.pageServer, freeze_cgroup: subject.freezer }),
    ...(flags.parentPath === undefined ? {} : { parent_img: flags.parentPath, track_mem: true }),
    external: [
      ...namespaces(subject),
      // A pre-dump contains memory only.
      ...(flags.preDump ? [] : mounts(subject)),
    ],
  };
  return { type: flags.preDump ? "preDump" : "dump", opts };
}

function namespaces({ spec, namespaceInode }: DumpSubject): string[] {
  const NAMES = { network: "net", pid: "pid" } as const;
  return externalNamespaces(spec).map(({ type, key }) => {
    const name = NAMES[type as keyof typeof NAMES];
    return `${name}[${namespaceInode(name)}]:${key}`;
  });
}

function mounts({ spec, externals, mountAt }: DumpSubject): string[] {
  const external = externals.flatMap(({ name }) => {
    const found = mountAt(name);
    return found ? [`mnt[${found.mountPoint}]:${name}`] : [];
  });
  const masked = maskNames(spec).flatMap((name) => {
    const found = mountAt(name);
    return found?.isNull ? [`mnt[${found.mountPoint}]:${name}`] : [];
  });
  return [...new Set([...external, ...masked])];
}
