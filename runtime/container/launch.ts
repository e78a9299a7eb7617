/**
 * Main: executes a build. Makes the cgroup and the files and starts the stages. The result is a container that is ready to
 * run, or nothing.
 */
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { putRootFile } from "../../ffi/files.ts";
import { phase } from "../common/phases.ts";
import type { OciState, Status } from "../state/container_state.ts";
import type { Build } from "../build/container.ts";
import type { Task } from "../stages/conversation.ts";
import { beginCgroup, type CgroupLaunch } from "./launch_cgroup.ts";
import { listenForStart } from "../stages/start_socket.ts";
import { explainDeath } from "./out_of_memory.ts";
import { type Stages, startStages } from "../stages/spawn.ts";
import { undoAll } from "../common/undo.ts";
import { given } from "../common/given.ts";

export interface LaunchOptions {
  /** The folder in which `start` finds the waiting Init; absent under `run`, which starts at once. */
  readonly stateFolder?: string;
  /** Unix socket that gets the terminal; absent when this process relays it itself. */
  readonly consoleSocket?: string;
}

/** A container whose Init is ready and waits. */
export interface Launched extends Stages {
  /** Undoes the launch after the error, and returns the error. */
  undo(error: unknown): unknown;
}

/**
 * Starts the stages of `build` and brings Init to the point where it waits. On an error everything is undone.
 * @throws {SpecError | HostError | SyscallError} naming the operation that failed.
 */
export function launch(build: Build, options: LaunchOptions): Launched {
  const undo: (() => void)[] = [];
  try {
    return { ...launchSteps(build, options, undo), undo: (error) => undoAll(undo, error) };
  } catch (error) {
    // Before the undo, which removes the cgroup that is read here.
    throw undoAll(undo, explainDeath(error, build.cgroup?.record, build.spec));
  }
}

function launchSteps(build: Build, options: LaunchOptions, undo: (() => void)[]): Stages {
  const cgroup = build.cgroup && beginCgroup(build.cgroup, undo);
  phase("cgroup made");
  if (build.resctrl) undo.push(build.resctrl.create());
  for (const file of build.rootFiles) putRootFile(build.rootfs, file);
  const listen = options.stateFolder ? listenForStart(options.stateFolder) : -1;
  const folder = build.cgroup?.cloneInto ? openFolder(build.cgroup.cloneInto) : -1;
  const stages = startStages(
    taskOf(build, options, cgroup),
    { listen, target: -1, cgroup: folder },
    undo,
  );
  for (const fd of [listen, folder]) if (fd >= 0) closeFd(fd);
  cgroup?.settle();
  phase("container made");
  return stages;
}

function taskOf(
  build: Build,
  { consoleSocket }: LaunchOptions,
  cgroup: CgroupLaunch | undefined,
): Task {
  const { plan, spec, host } = build;
  return {
    plan,
    spec,
    host,
    ...given({
      consoleSocket,
      adopt: cgroup?.adopt,
      moveNetDevices: build.moveNetDevices,
    }),
    state: (pid, status) => newState(build, pid, status),
  };
}

/** The state of a container that is being created, for hooks and a seccomp agent. */
export function newState(
  { id, bundle, spec: { ociVersion, annotations } }: Build,
  pid: number,
  status: Status,
): OciState {
  return { ociVersion, id, status, pid, bundle, ...given({ annotations }) };
}
