/**
 * Main's side of the conversation with the stages (helper-c/common/message.h has the diagram): answers their requests and
 * passes on their descriptors, until Init is ready.
 */
import { closeFd, receive, send, sendDescriptor } from "../../ffi/descriptors.ts";
import { memoryFile } from "../../ffi/shim.ts";
import { copyWindowSize, isChild } from "../../ffi/processes.ts";
import { forPlace, HostError } from "../common/errors.ts";
import { HOOK_STATES } from "../plan/hooks.ts";
import type { HostFacts } from "../plan/compile_input.ts";
import { type Plan, SYNC_POINTS } from "../plan/op.ts";
import type { Spec } from "../spec/spec.ts";
import type { OciState } from "../state/container_state.ts";
import { runCreateHooks } from "./hooks.ts";
import { writeIdMaps, writeTimeOffsets } from "./id_maps.ts";
import { ANSWER, decodeMessage } from "./message.ts";
import { failureError } from "./op_failure.ts";
import { type Heard, Senders } from "./senders.ts";

/** What the stages execute, and what Main needs to answer them. */
export interface Task {
  readonly plan: Plan;
  readonly spec: Spec;
  readonly host: HostFacts;
  /** Unix socket that gets the terminal; absent when this process relays it itself. */
  readonly consoleSocket?: string;
  /** Moves the waiting Intermediate into the cgroup; required if the plan has SYNC_POINTS.cgroup. */
  adopt?(intermediate: number): void;
  /** Moves interfaces into the Intermediate's network namespace; required if the plan has SYNC_POINTS.netDevices. */
  moveNetDevices?(intermediate: number, undo: (() => void)[]): void;
  /** The container's state, for hooks and seccomp agents. */
  state(pid: number, status: OciState["status"]): OciState;
}

export interface Ready {
  readonly pid: number;
  /** The terminal's master, or -1. */
  readonly master: number;
}

/** All stages have exited without a message: they were killed. */
export class StagesDied extends HostError {
  override name = "StagesDied";
  constructor() {
    super("a stage of the container died", "see the kernel's log");
  }
}

/**
 * Answers the stages until Init waits for its start.
 * @param undo gets the functions that undo changes on the host.
 * @param children gets Init's pid as soon as it is known.
 * @throws the error that a stage reports, {StagesDied} when all have exited without a message.
 */
export function converse(
  sync: number,
  task: Task,
  intermediate: number,
  children: Set<number>,
  undo: (() => void)[],
): Ready {
  const senders = new Senders(intermediate, isChild);
  const turn: Heard[] = [];
  let pid = -1;
  let master = -1;
  for (let ready = false; !ready;) {
    const { message, passed } = nextOf(turn, sync, senders);
    if (message.type === "sync" && message.value === SYNC_POINTS.idMappings) {
      writeIdMaps(intermediate, task.spec, task.host);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync" && message.value === SYNC_POINTS.netDevices) {
      task.moveNetDevices?.(intermediate, undo);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync" && message.value === SYNC_POINTS.timeOffsets) {
      writeTimeOffsets(intermediate, task.spec);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync" && message.value === SYNC_POINTS.cgroup) {
      task.adopt?.(intermediate);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync") answerHooks(sync, message.value, pid, task);
    else if (message.type === "child") children.add(pid = senders.init);
    else if (message.type === "console") master = handConsole(passed, task);
    // At once: the agent may have to decide about Init's next system call.
    else if (message.type === "listener") handListener(passed, pid, task);
    else if (message.type === "ready") ready = true;
    else throw failureError(message, task.plan);
  }
  return { pid, master };
}

/** The next message to process; further ones stay in `turn`. */
function nextOf(turn: Heard[], sync: number, senders: Senders): Heard {
  while (turn.length === 0) {
    const datagram = receive(sync);
    if (!datagram) throw new StagesDied();
    const { bytes, sender, passed } = datagram;
    turn.push(...senders.admit({ message: decodeMessage(bytes), sender, passed }));
  }
  return turn.shift()!;
}

/** At its sync point, runs the hooks of the runtime's namespaces; then sends Init the states for its own hooks. */
function answerHooks(sync: number, point: number, pid: number, task: Task): void {
  const { spec, host } = task;
  const states = HOOK_STATES.map((status) => task.state(pid, status));
  if (point === SYNC_POINTS.hooks) runCreateHooks(spec.hooks, states[0]!, host.env);
  const text = states.map((state) => `${JSON.stringify(state)}\0`).join("");
  const file = memoryFile("kago-states", new TextEncoder().encode(text));
  send(sync, ANSWER.goOn, file);
  closeFd(file);
}

/** Sends the terminal to the console socket and returns -1, or keeps it and returns its master. */
export function handConsole(
  master: number,
  { consoleSocket }: Pick<Task, "consoleSocket">,
): number {
  if (!consoleSocket) {
    // Before the program runs: it may query the size at once.
    copyWindowSize(master);
    return master;
  }
  forPlace("--console-socket", () => sendDescriptor(consoleSocket, "/dev/ptmx", master));
  closeFd(master);
  return -1;
}

/** Sends the seccomp listener to the agent with the container process state (runtime spec, config-linux.md). */
function handListener(listener: number, pid: number, { spec, state }: Task): void {
  const seccomp = spec.linux!.seccomp!;
  const text = JSON.stringify({
    ociVersion: spec.ociVersion,
    fds: ["seccompFd"],
    pid,
    metadata: seccomp.listenerMetadata,
    state: state(pid, "creating"),
  });
  forPlace(
    "linux.seccomp.listenerPath",
    () => sendDescriptor(seccomp.listenerPath!, text, listener),
  );
  closeFd(listener);
}
