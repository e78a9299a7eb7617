/**
 * Main: carries out a build. Makes the cgroup and the state, spawns the Intermediate, answers its questions, and
 * leaves a created container behind, or nothing at all.
 */
import {
  closeFd,
  memoryFile,
  openFolder,
  openPidfd,
  planFault,
  putRootFile,
  receive,
  send,
  signalPidfd,
  socketPair,
  spawnStage,
  stageProgram,
  waitForChild,
} from "../../ffi/shim.ts";
import { applyWrites } from "../cgroup/apply.ts";
import { createCgroup } from "../cgroup/cgroupfs.ts";
import { destroyCgroup } from "../cgroup/remove.ts";
import { encodePlan } from "../plan/encode.ts";
import { makeAgentFolder } from "../state/agent_folder.ts";
import type { Build } from "./build.ts";
import { converse } from "./conversation.ts";
import { ANSWER, decodeMessage, failureError } from "./message.ts";
import { listenForStart } from "./notify_socket.ts";

const SIGKILL = 9;

export interface LaunchOptions {
  /** Where `start` will find the waiting Init; absent under `run`, which starts at once. */
  readonly stateFolder?: string;
  /** Who gets the terminal; absent when this process relays it itself. */
  readonly consoleSocket?: string;
}

/** A container whose Init is ready and waits. */
export interface Launched {
  readonly pid: number;
  /** The terminal's master, or -1. */
  readonly master: number;
  /** Lets Init go on: it waits for `start`, or runs at once. */
  commit(): void;
  start(): void;
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
    return launchSteps(build, options, undo);
  } catch (error) {
    throw undoAll(undo, error);
  }
}

function launchSteps(build: Build, options: LaunchOptions, undo: (() => void)[]): Launched {
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
  const { sync, intermediate } = spawn(build, listen);
  // Our children until they are reaped; a pid that is reaped may belong to anybody.
  const children = new Set([intermediate]);
  undo.push(() => children.forEach(killAndReap));
  const { pid, master } = converse(sync, build, options, intermediate, children, undo);
  waitForChild(intermediate);
  children.delete(intermediate);
  if (cgroup) applyWrites(cgroup.record, cgroup.writes.filter(isLate));
  return {
    pid,
    master,
    commit: () => send(sync, ANSWER.committed),
    start: () => {
      send(sync, ANSWER.start);
      awaitExec(sync, build);
    },
    abort: () => undoAll(undo, undefined),
  };
}

/** A limit on processes counts the Intermediate too, so it is set once that is gone. */
function isLate(write: { readonly controller: string }): boolean {
  return write.controller === "pids";
}

function spawn(build: Build, listen: number): { sync: number; intermediate: number } {
  const encoded = encodePlan(build.plan);
  const fault = planFault(encoded);
  if (fault) throw new Error(fault);
  const [sync, theirs] = socketPair();
  const exe = stageProgram();
  const plan = memoryFile("kago-plan", encoded);
  const cgroup = build.cgroup?.cloneInto ? openFolder(build.cgroup.cloneInto) : -1;
  const intermediate = spawnStage({ exe, plan, sync: theirs, listen, cgroup });
  for (const fd of [theirs, exe, plan, listen, cgroup]) if (fd >= 0) closeFd(fd);
  return { sync, intermediate };
}

/** The end of the stream says that exec happened. */
function awaitExec(sync: number, build: Build): void {
  const datagram = receive(sync);
  if (datagram) throw failureError(decodeMessage(datagram.bytes), build.plan);
}

function killAndReap(pid: number): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  signalPidfd(pidfd, SIGKILL);
  closeFd(pidfd);
  waitForChild(pid);
}

/** Undoes the latest first; what fails on the way is attached to the error, never in its place. */
function undoAll(undo: readonly (() => void)[], error: unknown): unknown {
  const failures: unknown[] = [];
  for (const step of undo.toReversed()) {
    try {
      step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0 && error instanceof Error) {
    error.cause = new AggregateError([error.cause, ...failures], "cleaning up failed too");
  } else if (failures.length > 0) throw new AggregateError(failures, "cleaning up failed");
  return error;
}
