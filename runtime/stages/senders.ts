/**
 * Who may say what to Main. A message is believed only from the process that has to send it (helper-c/common/message.h has the
 * diagram), as the kernel names it: whoever else gets hold of a stage's socket is refused. Pure; conversation.ts talks.
 */
import { SYNC_POINTS } from "../plan/op.ts";
import type { Message } from "./message.ts";

/** A message with who sent it. */
export interface Heard {
  readonly message: Message;
  /** The process id that the kernel gave with it. */
  readonly sender: number;
  /** A descriptor that came with it, or -1. */
  readonly passed: number;
}

type Speaker = "the Intermediate" | "Init";

/** Beyond the type: which sync points are whose. */
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

/** What Init may send before the Intermediate's word of its pid has come. */
const MOST_HELD = 8;

/** The stages of one plan, of which Init is unknown until the Intermediate has named it. */
export class Senders {
  /** Init's pid, -1 until the Intermediate has named it. */
  init = -1;
  #held: Heard[] = [];

  /** @param isChild whether a process is a child of this one, not yet waited for: Init is (CLONE_PARENT). */
  constructor(
    private readonly intermediate: number,
    private readonly isChild: (pid: number) => boolean,
  ) {}

  /**
   * Takes a message in, and returns those whose turn has come. Init may be quicker than the Intermediate's word of its
   * pid; what it says waits for that.
   * @throws {Error} for a message of anybody else's, or of one whose it is not.
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

/** @throws {Error} unless Init has sent the message, and may. */
export function requireInit(init: number, heard: Pick<Heard, "message" | "sender">): void {
  if (heard.sender !== init) throw stranger(heard);
  requireOf("Init", heard.message);
}

/** @throws {Error} unless the Intermediate has sent the message, and may. */
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
