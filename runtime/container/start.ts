/** `start`: wakes the Init of a created container, which reports whether the program could be executed. */
import { packed } from "../../ffi/packed.ts";
import { closeFd, type Datagram, receive, send } from "../../ffi/descriptors.ts";
import { type Notify } from "../../ffi/processes.ts";
import { cgroupDestroyer } from "../cgroup/drivers/destroy.ts";
import { SpecError, StateError, SyscallError } from "../common/errors.ts";
import { phase } from "../common/phases.ts";
import { OPS } from "../plan/op.ts";
import type { Spec } from "../spec/spec.ts";
import { ociState, type StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState } from "../state/lock.ts";
import { loadState, saveState } from "../state/store.ts";
import { loadConfig } from "../state/stored_config.ts";
import { peekState, removeStopped, type Warn } from "./delete.ts";
import { awaitInit, killInit } from "../stages/signal_init.ts";
import { hookEnv, runHooks } from "../stages/hooks.ts";
import { ANSWER, decodeMessage } from "../stages/message.ts";
import { execProblem, type Finding, hookProblem } from "../stages/op_findings.ts";
import { connectForStart, removeStartSocket } from "../stages/start_socket.ts";
import { requireInit } from "../stages/senders.ts";
import { undoAll } from "../common/undo.ts";
import { listenForNotify, notifyFolder } from "../stages/sd_notify.ts";
import { given } from "../common/given.ts";

/** Milliseconds that a process which was killed, or has failed, gets to exit. */
const PATIENCE = 10_000;

/** A running container. */
export interface Started {
  readonly pid: number;
  /** Where its program can notify the service manager. */
  readonly notify?: Notify;
}

/**
 * Starts a created container.
 * @param warn gets the failures of destroying a container whose poststart hook failed.
 * @param manager descriptor connected to the service manager, or -1.
 * @throws {StateError} in any other state.
 * @throws {SpecError} when it has no process, or a poststart hook fails.
 * @throws {SyscallError | HostError} when the program cannot be executed; the container is then stopped.
 */
export async function startContainer(
  root: string,
  id: string,
  warn: Warn,
  manager = -1,
): Promise<Started> {
  const destroy = await cgroupDestroyer(cgroupAtRisk(peekState(root, id)));
  using lock = lockState(root, id);
  const state = loadState(root, id, lock);
  phase("container locked and its state read");
  // The entry stub may have begun (helper-c/entry/shortcut.h); it leaves reporting failures to this function.
  const report = packed()?.report;
  if (!report) requireStartable(state);
  const notify = state.sdNotify && listenForNotify(notifyFolder(root, id), manager);
  const socket = report || wakeInit(root, state, lock.directory);
  const datagram = receive(socket);
  closeFd(socket);
  removeStartSocket(lock.directory);
  phase("Init has answered");
  if (datagram) {
    const error = await startError(state, programOf(lock.directory), datagram);
    awaitInit(state, PATIENCE); // so that it is not seen running after the error
    throw error;
  }
  runPoststartOr(state, () => removeStopped(root, state, destroy, warn));
  return { pid: state.pid, ...given({ notify }) };
}

function requireStartable(state: StoredState): void {
  const status = liveStatus(state, () => true);
  if (status !== "created") throw new StateError(state.id, "start", status, ["created"]);
  if (state.processless) {
    throw new SpecError("process", `is missing: container ${state.id} was created without one`);
  }
}

/** The connection on which Init reports a failure; end of file means that the program runs. */
function wakeInit(root: string, state: StoredState, directory: string): number {
  const socket = connectForStart(directory);
  // Before the program runs: the state of a running container must not be `created`.
  saveState(root, { ...state, status: "running" });
  send(socket, ANSWER.start);
  return socket;
}

/** The cgroup of a container with poststart hooks: a failing hook destroys the container. */
function cgroupAtRisk(state: StoredState | undefined): StoredState["cgroup"] {
  return state?.hooks?.poststart?.length ? state.cgroup : null;
}

/** A hook that fails destroys the container, and its poststop hooks run (runtime spec, "Lifecycle", 9 to 13). */
function runPoststartOr(state: StoredState, destroy: () => void): void {
  try {
    runPoststart(state);
  } catch (error) {
    throw undoAll([destroy], error);
  }
}

/**
 * Runs when the program runs. A hook that fails stops the container; the caller then destroys it.
 * @throws {SpecError} naming the hook.
 */
export function runPoststart(state: StoredState): void {
  if (!state.hooks?.poststart?.length) return;
  const error = runHooks("poststart", state.hooks, ociState(state, "running"), hookEnv());
  if (!error) return;
  killInit(state, PATIENCE);
  throw error;
}

/** docker looks for the program's name in the message to classify a failed start. */
function programOf(directory: string): string {
  const config: Partial<Spec> = JSON.parse(loadConfig(directory));
  return JSON.stringify(config.process?.args?.[0] ?? "");
}

const WANTED_BY = Object.keys(OPS.hook).indexOf("wantedBy");

/** With the hook's index, unless the text is not one that kago writes. */
function hookPlace(findings: readonly Finding[]): string {
  const place = findings.find(({ field }) => field === WANTED_BY)?.text ?? "";
  return /^hooks\.startContainer\[\d{1,9}\]$/.test(place) ? place : "hooks.startContainer";
}

/** The plan is not available here; Init names the program that it could not execute, or the hook that failed. */
async function startError(
  { id, pid }: StoredState,
  program: string,
  { bytes, sender }: Datagram,
): Promise<Error> {
  const message = decodeMessage(bytes);
  requireInit(pid, { message, sender });
  const { stage, errno, findings } = message;
  const begin = `cannot start container ${id}`;
  if (stage === "vmm") {
    const { heardProblem } = await import("../stages/krun_words.ts");
    const problem = heardProblem(message);
    if (problem) return new Error(`${begin}: ${problem}`);
  }
  const named = findings.find(({ found }) => found === "program" || found === "named");
  if (!named) return new SyscallError(`${begin}: exec: ${program}`, errno, stage);
  const problem = named.found === "program"
    ? `process.args: ${execProblem(named.text, errno)}`
    : `${hookPlace(findings)}: ${hookProblem(named.text, errno, findings)}`;
  return new SpecError("", `${begin}: ${problem}`);
}
