/** The exit code of a command that ran a process until it exited. */
import type { ExitStatus } from "../../ffi/processes.ts";

/** As a shell: 128 plus the signal's number for a process that a signal killed. */
export function exitCode({ code, signal = 0 }: ExitStatus): number {
  return code ?? 128 + signal;
}
