/**
 * Main, for a restored container: makes the cgroup, starts criu in it and answers criu's notifications. The result is a
 * running container, or nothing. The counterpart of launch.ts.
 */
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { isChild } from "../../ffi/processes.ts";
import { externalMounts, externalNamespaces } from "../criu/externals.ts";
import { readDescriptors } from "../criu/images.ts";
import { type RestoreFlags, restoreRequest } from "../criu/restore.ts";
import { CriuFailure, runCriu } from "../criu/session.ts";
import { inheritedEnv } from "../host_facts.ts";
import { type FolderPaths, restorePlan } from "../criu/plan.ts";
import type { Build } from "../build/container.ts";
import { handConsole } from "../stages/conversation.ts";
import { runCreateHooks } from "../stages/hooks.ts";
import { newState } from "./launch.ts";
import { beginCgroup } from "./launch_cgroup.ts";
import { killAndReap } from "../stages/spawn.ts";
import { makeFolderOfMode } from "../common/files.ts";
import { given } from "../common/given.ts";

export interface RelaunchOptions {
  /** The program's path. */
  readonly criu: string;
  readonly folders: FolderPaths;
  readonly flags: RestoreFlags;
  readonly stateFolder: string;
  /** Unix socket that gets the terminal; absent when this process relays it itself. */
  readonly consoleSocket?: string;
  /** Called when the first process is restored, before any process continues. */
  onProcess(pid: number): void;
}

/** A container that runs again. */
export interface Relaunched {
  readonly pid: number;
  /** The terminal's master, or -1. */
  readonly master: number;
}

/**
 * @param undo gets the functions that undo all that was made.
 * @throws {CriuFailure | SpecError | HostError | SyscallError}
 */
export function relaunch(
  build: Build,
  options: RelaunchOptions,
  undo: (() => void)[],
): Relaunched {
  const cgroup = build.cgroup && beginCgroup(build.cgroup, undo);
  if (build.resctrl) undo.push(build.resctrl.create());
  const points = makePoints(options.stateFolder);
  let [master, first] = [-1, 0];
  const onNotify = (script: string, pid: number, passed: number) => {
    if (pid !== 0 && first === 0) {
      // criu restores it as a sibling of itself, so it is a child; any other process is neither recorded nor killed.
      if (!isChild(pid)) {
        throw new CriuFailure(`criu reported process ${pid}, which it has not restored`);
      }
      first = pid;
      undo.push(() => killAndReap(pid));
    }
    // As in `create`; the create hooks run again, the hooks that start the process do not.
    if (script === "setup-namespaces") {
      runCreateHooks(build.spec.hooks, newState(build, pid, "creating"), build.host.env);
    }
    if (script === "orphan-pts-master") master = handConsole(passed, options);
    if (script === "post-restore") {
      cgroup?.settle();
      options.onProcess(pid);
    }
  };
  const { restore } = restoreBy(build, options, points, cgroup?.adopt, onNotify);
  for (const point of Object.values(points)) Deno.removeSync(point);
  if (!restore?.pid || restore.pid !== first) {
    throw new CriuFailure("criu did not report the process that it restored");
  }
  return { pid: restore.pid, master };
}

/** Mount points for criu, mounted only in criu's own mount namespace. */
interface MountPoints {
  readonly criuRoot: string;
  readonly nullDevice: string;
}

function makePoints(stateFolder: string): MountPoints {
  const criuRoot = `${stateFolder}/criu-root`;
  const nullDevice = `${stateFolder}/criu-null`;
  makeFolderOfMode(criuRoot, 0o755);
  Deno.writeTextFileSync(nullDevice, "", { createNew: true });
  return { criuRoot, nullDevice };
}

function restoreBy(
  build: Build,
  options: RelaunchOptions,
  points: MountPoints,
  adopt: ((pid: number) => void) | undefined,
  notify: (script: string, pid: number, passed: number) => void,
) {
  const { spec, bundle, rootfs, cgroup } = build;
  const subject = {
    root: points.criuRoot,
    nullDevice: points.nullDevice,
    spec,
    externals: externalMounts(spec, bundle, cgroup?.record ?? null),
    descriptors: readDescriptors(options.folders.images),
  };
  const plan = restorePlan({
    program: { path: options.criu, env: inheritedEnv(), folders: options.folders },
    spec,
    bundle,
    rootfs,
    ...points,
    joinOps: build.joinOps,
    namespaces: externalNamespaces(spec).map(({ path }) => path),
  });
  const folder = cgroup?.cloneInto ? openFolder(cgroup.cloneInto) : -1;
  try {
    return runCriu({
      plan,
      cgroup: folder,
      ...given({ adopt }),
      request: (pid) => {
        const ownCgroups = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
        return restoreRequest(subject, options.flags, ownCgroups);
      },
      notify,
    });
  } finally {
    if (folder >= 0) closeFd(folder);
  }
}
