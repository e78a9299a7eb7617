/**
 * Main: carries out a build. Makes the cgroup and the files, starts the stages, and leaves a container that is ready to
 * run behind, or nothing at all.
 */
import { closeFd, openFolder, putRootFile } from "../../ffi/shim.ts";
import { applyWrites } from "../cgroup/apply.ts";
import { createCgroup } from "../cgroup/cgroupfs.ts";
import { destroyCgroup } from "../cgroup/remove.ts";
import type { ResourceWrite } from "../cgroup/resource_write.ts";
import { makeAgentFolder } from "../state/agent_folder.ts";
import type { Build } from "./build.ts";
import type { Task } from "./conversation.ts";
import { listenForStart } from "./notify_socket.ts";
import { type Stages, startStages, undoAll } from "./stages.ts";

export interface LaunchOptions {
  /** Where `start` will find the waiting Init; absent under `run`, which starts at once. */
  readonly stateFolder?: string;
  /** Who gets the terminal; absent when this process relays it itself. */
  readonly consoleSocket?: string;
}

/** A container whose Init is ready and waits. */
export interface Launched extends Stages {
  /** Undoes the launch. */
  abort(): void;
}

/**
 * Starts the stages of `build` and brings Init to the point where it waits. What was made is undone on an error.
 * @throws {SpecError | HostError | SyscallError} naming the operation that failed.
 */
export function launch(build: Build, options: LaunchOptions): Launched {
  const undo: (() => void)[] = [];
  try {
    return { ...launchSteps(build, options, undo), abort: () => undoAll(undo, undefined) };
  } catch (error) {
    throw undoAll(undo, error);
  }
}

function launchSteps(build: Build, options: LaunchOptions, undo: (() => void)[]): Stages {
  const { cgroup } = build;
  if (cgroup) {
    const early = cgroup.writes.filter((write) => !isLate(write));
    createCgroup(cgroup.record, early, cgroup.writes.filter(isLate), cgroup.devices);
    undo.push(() => destroyCgroup(cgroup.record));
  }
  if (build.resctrl) undo.push(build.resctrl.create());
  for (const file of build.rootFiles) putRootFile(build.rootfs, file);
  if (build.runFolder && build.ending.kind === "stage" && build.ending.agentOwner) {
    makeAgentFolder(build.runFolder, build.ending.agentOwner);
  }
  const listen = options.stateFolder ? listenForStart(options.stateFolder) : -1;
  const folder = cgroup?.cloneInto ? openFolder(cgroup.cloneInto) : -1;
  const stages = startStages(
    taskOf(build, options),
    { listen, target: -1, cgroup: folder },
    undo,
  );
  for (const fd of [listen, folder]) if (fd >= 0) closeFd(fd);
  if (cgroup) applyWrites(cgroup.record, cgroup.writes.filter(isLate));
  return stages;
}

/**
 * What would bind the set-up too, and not the container alone, is set when Init is ready: a limit on processes counts the
 * Intermediate, and shares and quotas slow both down. Realtime limits are wanted before a realtime process joins.
 */
function isLate({ controller, file }: ResourceWrite): boolean {
  return controller === "pids" || controller === "cpu" && !file.startsWith("cpu.rt_");
}

function taskOf({ id, bundle, plan, spec, host }: Build, { consoleSocket }: LaunchOptions): Task {
  const { ociVersion, annotations } = spec;
  return {
    plan,
    spec,
    host,
    ...(consoleSocket ? { consoleSocket } : {}),
    state: (pid, status) => (
      { ociVersion, id, status, pid, bundle, ...(annotations ? { annotations } : {}) }
    ),
  };
}
