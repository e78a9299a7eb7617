/**
 * Main's side of the talk with the stages (helper-c/message.h has the diagram): answers their questions and passes on
 * what they hand over, until Init is ready.
 */
import { closeFd, receive, send, sendDescriptor } from "../../ffi/shim.ts";
import { HostError } from "../errors.ts";
import type { Build } from "./build.ts";
import { writeIdMaps } from "./id_maps.ts";
import type { LaunchOptions } from "./launch.ts";
import { ANSWER, decodeMessage, failureError } from "./message.ts";

export interface Ready {
  readonly pid: number;
  /** The terminal's master, or -1. */
  readonly master: number;
}

/**
 * Talks until Init waits for its start.
 * @param children gets Init's pid as soon as it is known.
 * @throws the error that a stage reports, {HostError} when all of them are gone without a word.
 */
export function converse(
  sync: number,
  build: Build,
  options: LaunchOptions,
  intermediate: number,
  children: Set<number>,
): Ready {
  let pid = -1;
  let master = -1;
  let listener = -1;
  for (let ready = false; !ready || pid < 0;) {
    const datagram = receive(sync);
    if (!datagram) throw new HostError("a stage of the container died", "see the kernel's log");
    const message = decodeMessage(datagram.bytes);
    if (message.type === "sync") {
      writeIdMaps(intermediate, build.spec, build.host);
      send(sync, ANSWER.goOn);
    } else if (message.type === "child") children.add(pid = message.value);
    else if (message.type === "console") master = handConsole(datagram.passed, options);
    else if (message.type === "listener") listener = datagram.passed;
    else if (message.type === "ready") ready = true;
    else throw failureError(message, build.plan);
    // At once: Init's next system call may be one that the listener decides about.
    if (listener >= 0 && pid >= 0) listener = handListener(listener, pid, build);
  }
  return { pid, master };
}

/** The terminal goes to whom the engine named, or stays with us. */
function handConsole(master: number, { consoleSocket }: LaunchOptions): number {
  if (!consoleSocket) return master;
  sendDescriptor(consoleSocket, "/dev/ptmx", master);
  closeFd(master);
  return -1;
}

/** The seccomp listener goes to the agent with the container process state (runtime spec, config-linux.md). */
function handListener(listener: number, pid: number, { id, bundle, spec }: Build): number {
  const seccomp = spec.linux!.seccomp!;
  const { ociVersion, annotations } = spec;
  const text = JSON.stringify({
    ociVersion,
    fds: ["seccompFd"],
    pid,
    metadata: seccomp.listenerMetadata,
    state: { ociVersion, id, status: "creating", pid, bundle, annotations },
  });
  sendDescriptor(seccomp.listenerPath!, text, listener);
  closeFd(listener);
  return -1;
}
