/**
 * Decodes the answers of a guest agent (helper-c/agent/report.h has the format). The guest is hostile: a malformed answer
 * is rejected, numbers are bounded, and no character of a process's name can move the cursor of a terminal or end a line.
 * ask.ts sends the requests.
 */

import type { AgentFigures } from "../../interface/agent.ts";

export interface GuestProcess {
  /** In the container's pid namespace. */
  readonly pid: number;
  /** 0 when the parent is outside the namespace. */
  readonly ppid: number;
  readonly uid: number;
  /** Nanoseconds of CPU time. */
  readonly cpu: bigint;
  /** At most 31 characters, all printable. */
  readonly name: string;
}

export interface GuestProcesses {
  /** By pid; processes outside the container's pid namespace have no pid there and are left out. */
  readonly processes: readonly GuestProcess[];
  /** The number of further processes, which did not fit into the answer. */
  readonly leftOut: number;
}

const FIGURES_SIZE = 48;
const MAX_U64 = (1n << 64n) - 1n;
const NANOSECONDS_OF_MICROSECOND = 1000n;

/** The figures in an answer; undefined when it is malformed. */
export function readFigures(answer: Uint8Array): AgentFigures | undefined {
  if (answer.length !== FIGURES_SIZE) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const figure = (index: number) => view.getBigUint64(8 * index, true);
  const usage = figure(3) * NANOSECONDS_OF_MICROSECOND;
  // Consumers of the JSON accept at most 64 bits.
  if (usage > MAX_U64) return undefined;
  return {
    memory: {
      total: figure(0),
      available: figure(1),
      usage: figure(2),
      oomKills: figure(5),
    },
    cpu: { usage },
    pids: { current: figure(4) },
  };
}

const LINE = /^(\d{1,7})\t(\d{1,7})\t(\d{1,10})\t(\d{1,18})\t([^\t]*)$/;
const LEFT_OUT = /^\+(\d{1,7})$/;
/** PID_MAX_LIMIT of a 64-bit kernel (proc_sys_kernel(5)). */
const MAX_PID = 1 << 22;
const MAX_UID = 2 ** 32 - 1;
const MAX_NAME = 31;
/** USER_HZ is 100 on every architecture that runs microVMs. */
const NANOSECONDS_OF_TICK = 10_000_000n;

/** The processes in an answer; undefined when it is malformed. */
export function readProcesses(answer: Uint8Array): GuestProcesses | undefined {
  const text = new TextDecoder().decode(answer);
  if (text === "") return { processes: [], leftOut: 0 };
  if (!text.endsWith("\n")) return undefined;
  const lines = text.slice(0, -1).split("\n");
  const last = LEFT_OUT.exec(lines.at(-1)!);
  const processes = (last ? lines.slice(0, -1) : lines).map(readProcess);
  if (!processes.every((process) => process !== undefined)) return undefined;
  return {
    processes: processes.filter(({ pid }) => pid > 0).sort((a, b) => a.pid - b.pid),
    leftOut: Number(last?.[1] ?? 0),
  };
}

function readProcess(line: string): GuestProcess | undefined {
  const fields = LINE.exec(line);
  if (!fields) return undefined;
  const [pid, ppid, uid] = fields.slice(1, 4).map(Number) as [number, number, number];
  const name = printable(fields[5]!);
  if (pid > MAX_PID || ppid > MAX_PID || uid > MAX_UID || name.length > MAX_NAME) return undefined;
  return { pid, ppid, uid, cpu: BigInt(fields[4]!) * NANOSECONDS_OF_TICK, name };
}

/**
 * Without control characters (C1 begins escape sequences too), invisible characters, characters that change the direction
 * of text, and line separators.
 */
function printable(name: string): string {
  return name.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
}
