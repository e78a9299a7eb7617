/** The exit code of a command that ran a process to its end. */
import type { ExitStatus } from "../../ffi/processes.ts";

/** As a shell: 128 and the signal's number for a process that a signal ended. */
export function exitCode({ code, signal = 0 }: ExitStatus): number {
  return code ?? 128 + signal;
}
