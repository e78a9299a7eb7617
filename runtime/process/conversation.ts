/**
 * Main's side of the talk with the stages (helper-c/message.h has the diagram): answers their questions and passes on
 * what they hand over, until Init is ready.
 */
import { closeFd, copyWindowSize, receive, send, sendDescriptor } from "../../ffi/shim.ts";
import { HostError } from "../errors.ts";
import { HOOK_STATES } from "../plan/hooks.ts";
import { SYNC_POINTS } from "../plan/op.ts";
import type { OciState } from "../state/container_state.ts";
import type { Build } from "./build.ts";
import { runHooks } from "./hooks.ts";
import { writeIdMaps } from "./id_maps.ts";
import type { LaunchOptions } from "./launch.ts";
import { moveNetDevices } from "./net_devices.ts";
import { ANSWER, decodeMessage, failureError } from "./message.ts";

export interface Ready {
  readonly pid: number;
  /** The terminal's master, or -1. */
  readonly master: number;
}

/**
 * Talks until Init waits for its start.
 * @param undo gets what takes back what is done on the host.
 * @param children gets Init's pid as soon as it is known.
 * @throws the error that a stage reports, {HostError} when all of them are gone without a word.
 */
export function converse(
  sync: number,
  build: Build,
  options: LaunchOptions,
  intermediate: number,
  children: Set<number>,
  undo: (() => void)[],
): Ready {
  let pid = -1;
  let master = -1;
  let listener = -1;
  let waiting = 0;
  for (let ready = false; !ready || pid < 0;) {
    const datagram = receive(sync);
    if (!datagram) throw new HostError("a stage of the container died", "see the kernel's log");
    const message = decodeMessage(datagram.bytes);
    if (message.type === "sync" && message.value === SYNC_POINTS.idMappings) {
      writeIdMaps(intermediate, build.spec, build.host);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync" && message.value === SYNC_POINTS.netDevices) {
      moveNetDevices(intermediate, build.spec, undo);
      send(sync, ANSWER.goOn);
    } else if (message.type === "sync") waiting = message.value;
    else if (message.type === "child") children.add(pid = message.value);
    else if (message.type === "console") master = handConsole(datagram.passed, options);
    else if (message.type === "listener") listener = datagram.passed;
    else if (message.type === "ready") ready = true;
    else throw failureError(message, build.plan);
    // Init may have been quicker than the Intermediate's word of its pid.
    if (waiting > 0 && pid >= 0) waiting = answerHooks(sync, waiting, pid, build);
    // At once: Init's next system call may be one that the listener decides about.
    if (listener >= 0 && pid >= 0) listener = handListener(listener, pid, build);
  }
  return { pid, master };
}

/** Runs the hooks of the runtime's namespaces, if it is their time, and sends Init the states for its own. */
function answerHooks(sync: number, point: number, pid: number, build: Build): 0 {
  const { spec, host } = build;
  const states = HOOK_STATES.map((status) => stateOf(build, pid, status));
  if (point === SYNC_POINTS.hooks) {
    for (const moment of ["prestart", "createRuntime"] as const) {
      const error = runHooks(moment, spec.hooks, states[0]!, host.env);
      if (error) throw error;
    }
  }
  const text = states.map((state) => `${JSON.stringify(state)}\0`).join("");
  send(sync, new TextEncoder().encode(`A${text}`));
  return 0;
}

function stateOf({ id, bundle, spec }: Build, pid: number, status: OciState["status"]): OciState {
  const { ociVersion, annotations } = spec;
  return { ociVersion, id, status, pid, bundle, ...(annotations ? { annotations } : {}) };
}

/** The terminal goes to whom the engine named, or stays with us. */
function handConsole(master: number, { consoleSocket }: LaunchOptions): number {
  if (!consoleSocket) {
    // Before the program runs: it may ask at once.
    copyWindowSize(master);
    return master;
  }
  sendDescriptor(consoleSocket, "/dev/ptmx", master);
  closeFd(master);
  return -1;
}

/** The seccomp listener goes to the agent with the container process state (runtime spec, config-linux.md). */
function handListener(listener: number, pid: number, build: Build): number {
  const seccomp = build.spec.linux!.seccomp!;
  const text = JSON.stringify({
    ociVersion: build.spec.ociVersion,
    fds: ["seccompFd"],
    pid,
    metadata: seccomp.listenerMetadata,
    state: stateOf(build, pid, "creating"),
  });
  sendDescriptor(seccomp.listenerPath!, text, listener);
  closeFd(listener);
  return -1;
}
