/**
 * One talk with criu: it is started in the place of an Intermediate, told what to do over a socket, and answered when it
 * says how far it is. It ends with criu's end.
 */
import { closeFd, type Datagram, receive, send, waitForChild } from "../../ffi/shim.ts";
import { HostError, SyscallError } from "../errors.ts";
import { type Plan, SYNC_POINTS } from "../plan/op.ts";
import { ANSWER, decodeMessage, failureError } from "../process/message.ts";
import { killAndReap, spawnStages } from "../process/stages.ts";
import {
  type CriuRequest,
  type CriuResponse,
  decodeResponse,
  encodeNotified,
  encodeRequest,
  REQUEST_TYPES,
} from "./rpc.ts";

export interface CriuTask {
  /** As plan/criu.ts makes them. */
  readonly plan: Plan;
  /** The v2 cgroup's folder in which criu starts, or -1. */
  readonly cgroup: number;
  /** Moves criu into the cgroup, while it waits for it. */
  adopt?(pid: number): void;
  /** Called when criu runs with this process id. */
  request(pid: number): CriuRequest;
  /**
   * Called at each of criu's notifications (criu(8), "--action-script"), for which it waits.
   * @param pid the first process of the container, where there is one.
   * @param passed a descriptor that is the callee's from then on, or -1.
   */
  notify(script: string, pid: number, passed: number): void;
}

/** criu says that it failed, or died; its log has the reason. */
export class CriuFailure extends Error {
  override name = "CriuFailure";
}

/**
 * Has criu carry out the task's request.
 * @throws {CriuFailure} when criu cannot; whatever `notify` throws, with which criu is ended.
 */
export function runCriu(task: CriuTask): CriuResponse {
  const { sync, intermediate: criu } = spawnStages(task.plan, {
    listen: -1,
    target: -1,
    cgroup: task.cgroup,
  });
  let done = false;
  try {
    const socket = awaitCriu(sync, task, criu);
    try {
      const response = talk(socket, task, task.request(criu));
      waitForChild(criu);
      done = true;
      return response;
    } finally {
      closeFd(socket);
    }
  } finally {
    if (!done) killAndReap(criu);
  }
}

/** Our end of the socket, once criu has taken the Intermediate's place, which the end of the stream says. */
function awaitCriu(sync: number, task: CriuTask, pid: number): number {
  let socket = -1;
  try {
    for (let datagram = receive(sync); datagram; datagram = receive(sync)) {
      const message = decodeMessage(datagram.bytes);
      if (message.type === "sync" && message.value === SYNC_POINTS.cgroup) {
        task.adopt?.(pid);
        send(sync, ANSWER.goOn);
      } else if (message.type === "socket") socket = datagram.passed;
      else throw failureError(message, task.plan);
    }
    if (socket < 0) throw new CriuFailure("its Intermediate died");
    return socket;
  } catch (error) {
    if (socket >= 0) closeFd(socket);
    throw error;
  } finally {
    closeFd(sync);
  }
}

/** Answers notifications until criu has done what it was asked for, or has not. */
function talk(socket: number, task: CriuTask, request: CriuRequest): CriuResponse {
  let message = encodeRequest(request);
  for (;;) {
    const datagram = exchange(socket, message);
    const response = decodeResponse(datagram.bytes);
    if (!response.success) {
      throw new CriuFailure(response.cr_errmsg ?? `it failed with errno ${response.cr_errno ?? 0}`);
    }
    if (response.type !== REQUEST_TYPES.notify) return response;
    const { script = "", pid = 0 } = response.notify ?? {};
    task.notify(script, pid, datagram.passed);
    message = encodeNotified();
  }
}

/** Sends a message, and waits for the next one. */
function exchange(socket: number, message: Uint8Array<ArrayBuffer>): Datagram {
  const EPIPE = 32, ECONNRESET = 104;
  try {
    send(socket, message);
    const datagram = receive(socket);
    if (datagram) return datagram;
  } catch (error) {
    const gone = error instanceof SyscallError && [EPIPE, ECONNRESET].includes(error.errno);
    if (!gone) throw error;
  }
  throw new CriuFailure("it ended without an answer");
}

/** @throws {HostError} when the caller is not root of the host. */
export function requireRoot(operation: string, isRootless: boolean): void {
  if (!isRootless) return;
  throw new HostError(
    `only root of the host can ${operation} a container`,
    "criu needs its rights: run as root",
  );
}
