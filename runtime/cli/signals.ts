/**
 * Linux signal names and numbers on x86, ARM and RISC-V (signal(7), asm-generic/signal.h). MIPS, PA-RISC, SPARC and
 * Alpha use other numbers, and Deno does not run there.
 */
import { UsageError } from "../common/errors.ts";

/** Numbers by name without SIG; the synonyms of signal(7) come last. */
export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
  IOT: 6,
  CLD: 17,
  POLL: 29,
};

/** The kernel's first real-time signal is 32, but C libraries reserve 32 and 33, so users mean 34 (signal(7)). */
const RTMIN = 34;
const RTMAX = 64;

/** The kernel's last signal. */
export const SIGNAL_MAX = RTMAX;

/**
 * The number of a signal as users write it: `15`, `TERM`, `sigterm`, `RTMIN+3`, `SIGRTMAX-2`. 0 is allowed: it sends
 * nothing and checks that the process exists (kill(2)).
 * @throws {UsageError}
 */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = /^\d+$/.test(text)
    ? Number(text)
    : Object.hasOwn(SIGNALS, name)
    ? SIGNALS[name]!
    : parseRealTime(name);
  if (number === undefined || number > RTMAX) throw new UsageError(`unknown signal "${text}"`);
  return number;
}

function parseRealTime(name: string): number | undefined {
  const match = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (match === null) return undefined;
  const number = (match[1] === "MIN" ? RTMIN : RTMAX) + Number(match[2] ?? 0);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}
