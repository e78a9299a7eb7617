/**
 * One session with criu: it is started in place of an Intermediate, gets its request over a socket, and gets answers to
 * its notifications. The session ends when criu exits.
 */
import { closeFd, type Datagram, receive, send } from "../../ffi/descriptors.ts";
import { waitForChild } from "../../ffi/processes.ts";
import { SyscallError } from "../common/errors.ts";
import { type Plan, SYNC_POINTS } from "../plan/op.ts";
import { ANSWER, decodeMessage } from "../stages/message.ts";
import { failureError } from "../stages/op_failure.ts";
import { requireIntermediate } from "../stages/senders.ts";
import { killAndReap, spawnStages } from "../stages/spawn.ts";
import {
  type CriuRequest,
  type CriuResponse,
  decodeResponse,
  encodeNotified,
  encodeRequest,
  REQUEST_TYPES,
} from "./rpc.ts";
import { ECONNRESET, EPIPE } from "../common/errno.ts";

export interface CriuTask {
  /** From plan.ts. */
  readonly plan: Plan;
  /** A descriptor of the v2 cgroup's folder in which criu starts, or -1. */
  readonly cgroup: number;
  /** Moves criu into the cgroup; criu waits for it. */
  adopt?(pid: number): void;
  /** Called when criu runs with this process id. */
  request(pid: number): CriuRequest;
  /**
   * Called at each of criu's notifications (criu(8), "--action-script"); criu waits until it returns.
   * @param pid the first process of the container, if there is one.
   * @param passed a descriptor that the callee then owns, or -1.
   */
  notify(script: string, pid: number, passed: number): void;
}

/** criu reported a failure, or died; its log has the reason. */
export class CriuFailure extends Error {
  override name = "CriuFailure";
}

/**
 * Runs criu with the task's request. If `notify` throws, criu gets a refusal and undoes its work.
 * @throws {CriuFailure} when criu fails; whatever `notify` throws.
 */
export function runCriu(task: CriuTask): CriuResponse {
  const { sync, intermediate: criu } = spawnStages(task.plan, {
    listen: -1,
    target: -1,
    cgroup: task.cgroup,
  });
  const socket = criuSocket(sync, task, criu);
  try {
    return talk(socket, task, task.request(criu));
  } finally {
    // Never by a signal: criu may control a container's processes. It exits when the socket is closed.
    closeFd(socket);
    waitForChild(criu);
  }
}

/** Like awaitCriu(); ends the process on failure. */
function criuSocket(sync: number, task: CriuTask, pid: number): number {
  try {
    return awaitCriu(sync, task, pid);
  } catch (error) {
    killAndReap(pid);
    throw error;
  } finally {
    closeFd(sync);
  }
}

/** kago's end of the socket, once the Intermediate has become criu, which is when the stream ends. */
function awaitCriu(sync: number, task: CriuTask, pid: number): number {
  let socket = -1;
  try {
    for (let datagram = receive(sync); datagram; datagram = receive(sync)) {
      const message = decodeMessage(datagram.bytes);
      requireIntermediate(pid, { message, sender: datagram.sender });
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
  }
}

/** Answers notifications until criu reports success or failure. */
function talk(socket: number, task: CriuTask, request: CriuRequest): CriuResponse {
  let message = encodeRequest(request);
  let refusal: unknown;
  for (;;) {
    const { response, passed } = exchange(socket, message, refusal);
    if (response.type !== REQUEST_TYPES.notify) {
      if (refusal !== undefined) throw refusal;
      return response;
    }
    const { script = "", pid = 0 } = response.notify ?? {};
    try {
      task.notify(script, pid, passed);
    } catch (error) {
      refusal ??= error;
    }
    message = encodeNotified(refusal === undefined);
  }
}

/** Sends a message, and waits for the next one. */
function exchange(socket: number, message: Uint8Array<ArrayBuffer>, refusal: unknown) {
  const datagram = tryExchange(socket, message);
  if (!datagram) throw refusal ?? new CriuFailure("it ended without an answer");
  const response = decodeResponse(datagram.bytes);
  if (response.success) return { response, passed: datagram.passed };
  const { cr_errno = 0, cr_errmsg = `it failed with errno ${cr_errno}` } = response;
  throw refusal ?? new CriuFailure(cr_errmsg);
}

/** undefined when criu has exited. */
function tryExchange(socket: number, message: Uint8Array<ArrayBuffer>): Datagram | undefined {
  try {
    send(socket, message);
    return receive(socket);
  } catch (error) {
    if (error instanceof SyscallError && [EPIPE, ECONNRESET].includes(error.errno)) {
      return undefined;
    }
    throw error;
  }
}
