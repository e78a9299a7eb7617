/** `start`: wakes the Init of a created container and hears from it whether the program could be executed. */
import { packed } from "../../ffi/packed.ts";
import { closeFd, type Datagram, receive, send } from "../../ffi/descriptors.ts";
import { type Notify } from "../../ffi/processes.ts";
import { SpecError, StateError, SyscallError } from "../errors.ts";
import { phase } from "../phases.ts";
import { ociState, type StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState } from "../state/lock.ts";
import { loadState, saveState } from "../state/store.ts";
import { killInit } from "./container_signal.ts";
import { hookEnv, runHooks } from "./hooks.ts";
import { ANSWER, decodeMessage } from "./message.ts";
import { execProblem, hookProblem } from "./op_findings.ts";
import { connectForStart, removeNotifySocket } from "./notify_socket.ts";
import { requireInit } from "./senders.ts";
import { listenForNotify, notifyFolder } from "./sd_notify.ts";

/** Milliseconds that a killed process gets to end. */
const PATIENCE = 10_000;

/** A container that runs. */
export interface Started {
  readonly pid: number;
  /** Where its program can notify the service manager. */
  readonly notify?: Notify;
}

/**
 * Starts a created container.
 * @param manager connected to the service manager, -1 for none.
 * @throws {StateError} in any other state.
 * @throws {SpecError} when it has no process, or a poststart hook fails.
 * @throws {SyscallError | HostError} when the program cannot be executed; the container is then stopped.
 */
export function startContainer(root: string, id: string, manager = -1): Started {
  using lock = lockState(root, id);
  const state = loadState(root, id);
  phase("container locked and its state read");
  // The entry stub may have begun (helper-c/entry/shortcut.h); it leaves the container's failures to be told here.
  const report = packed()?.report;
  if (!report) requireStartable(state);
  const notify = state.sdNotify && listenForNotify(notifyFolder(root, id), manager);
  const socket = report || wakeInit(root, state, lock.directory);
  const datagram = receive(socket);
  closeFd(socket);
  removeNotifySocket(lock.directory);
  phase("Init has answered");
  if (datagram) throw startError(state, datagram);
  runPoststart(state);
  return { pid: state.pid, ...(notify ? { notify } : {}) };
}

function requireStartable(state: StoredState): void {
  const status = liveStatus(state, () => true);
  if (status !== "created") throw new StateError(state.id, "start", status, ["created"]);
  if (state.processless) {
    throw new SpecError("process", `is missing: container ${state.id} was created without one`);
  }
}

/** The connection on which Init tells of a failure; its end says that the program runs. */
function wakeInit(root: string, state: StoredState, directory: string): number {
  const socket = connectForStart(directory);
  // Before the program runs: whoever sees it running must not read `created`.
  saveState(root, { ...state, status: "running" });
  send(socket, ANSWER.start);
  return socket;
}

/**
 * Once the program runs. A hook that fails stops the container, which is then there to be deleted (runtime spec 1.3,
 * "Lifecycle").
 * @throws {SpecError} naming the hook.
 */
export function runPoststart(state: StoredState): void {
  if (!state.hooks?.poststart?.length) return;
  const error = runHooks("poststart", state.hooks, ociState(state, "running"), hookEnv());
  if (!error) return;
  killInit(state, PATIENCE);
  throw error;
}

/** The plan is not at hand; Init names the program that it could not execute, or the hook that failed. */
function startError({ id, pid }: StoredState, { bytes, sender }: Datagram): Error {
  const message = decodeMessage(bytes);
  requireInit(pid, { message, sender });
  const { stage, text, errno, findings } = message;
  const begin = `cannot start container ${id}`;
  if (text) return new Error(`${begin}: ${text}`);
  const named = findings.find(({ found }) => found === "program" || found === "named");
  if (!named) return new SyscallError(`${begin}: its process cannot be made`, errno, stage);
  const problem = named.found === "program"
    ? `process.args: ${execProblem(named.text, errno)}`
    : `hooks.startContainer: ${hookProblem(named.text, errno, findings[0])}`;
  return new SpecError("", `${begin}: ${problem}`);
}
