/**
 * Checks the senders of messages to Main. Each message is accepted only from its stage (helper-c/common/message.h has the
 * diagram), by the kernel's credentials: another process with a stage's socket is refused. Pure; conversation.ts does the
 * I/O.
 */
import { SYNC_POINTS } from "../plan/op.ts";
import type { Message } from "./message.ts";

/** A message with its sender. */
export interface Heard {
  readonly message: Message;
  /** The sender's pid, from the kernel's credentials. */
  readonly sender: number;
  /** A descriptor that was sent with it, or -1. */
  readonly passed: number;
}

type Speaker = "the Intermediate" | "Init";

/** In addition to the type: the sync points of the Intermediate. */
const INTERMEDIATE_POINTS: readonly number[] = [
  SYNC_POINTS.idMappings,
  SYNC_POINTS.netDevices,
  SYNC_POINTS.cgroup,
  SYNC_POINTS.timeOffsets,
];

const TYPES: Readonly<Record<Speaker, ReadonlySet<Message["type"]>>> = {
  "the Intermediate": new Set(["sync", "child", "socket", "failed"]),
  Init: new Set(["sync", "console", "listener", "ready", "failed"]),
};

/** The maximum of Init's messages before the Intermediate has sent its pid. */
const MOST_HELD = 8;

/** The stages of one plan; Init is unknown until the Intermediate has sent its pid. */
export class Senders {
  /** Init's pid, -1 until the Intermediate has sent it. */
  init = -1;
  #held: Heard[] = [];

  /** @param isChild whether a process is an unreaped child of this one, as Init is (CLONE_PARENT). */
  constructor(
    private readonly intermediate: number,
    private readonly isChild: (pid: number) => boolean,
  ) {}

  /**
   * Accepts a message, and returns the messages that can be processed now. Init's messages may arrive before the
   * Intermediate's message with its pid; they are held until then.
   * @throws {Error} for a message of another process, or of the wrong stage.
   */
  admit(heard: Heard): readonly Heard[] {
    if (heard.sender !== this.intermediate) return this.#admitInit(heard);
    requireOf("the Intermediate", heard.message);
    if (heard.message.type !== "child") return [heard];
    this.#takeInit(heard.message.value);
    const held = this.#held;
    this.#held = [];
    return [heard, ...held.flatMap((one) => this.#admitInit(one))];
  }

  #admitInit(heard: Heard): readonly Heard[] {
    if (this.init < 0) {
      this.#held.push(heard);
      if (this.#held.length > MOST_HELD) throw stranger(heard);
      return [];
    }
    requireInit(this.init, heard);
    return [heard];
  }

  #takeInit(pid: number): void {
    if (this.init >= 0) throw new Error("the Intermediate reported a second Init");
    if (pid === this.intermediate || !this.isChild(pid)) {
      throw new Error(`the Intermediate reported process ${pid}, which it has not created`);
    }
    this.init = pid;
  }
}

/** @throws {Error} unless the message is Init's, and of a type that it may send. */
export function requireInit(init: number, heard: Pick<Heard, "message" | "sender">): void {
  if (heard.sender !== init) throw stranger(heard);
  requireOf("Init", heard.message);
}

/** @throws {Error} unless the message is the Intermediate's, and of a type that it may send. */
export function requireIntermediate(
  intermediate: number,
  heard: Pick<Heard, "message" | "sender">,
): void {
  if (heard.sender !== intermediate) throw stranger(heard);
  requireOf("the Intermediate", heard.message);
}

function requireOf(speaker: Speaker, { type, value }: Message): void {
  const isIntermediates = INTERMEDIATE_POINTS.includes(value);
  const isItsPoint = type !== "sync" || isIntermediates === (speaker === "the Intermediate");
  if (TYPES[speaker].has(type) && isItsPoint) return;
  throw new Error(`${speaker} sent a message of type ${type}, which is a protocol violation`);
}

function stranger({ message, sender }: Pick<Heard, "message" | "sender">): Error {
  return new Error(
    `process ${sender}, which is not a stage of this container, sent a message of type ${message.type}`,
  );
}
