/** Chooses who gets the terminal of a process: a console socket, or kago itself. */
import { HostError } from "../common/errors.ts";
import type { Process } from "../spec/spec.ts";

export interface ConsoleRequest {
  readonly consoleSocket?: string;
  /** Does kago stay in the foreground and relay the terminal? */
  readonly foreground: boolean;
}

/** As runc: the terminal of a detached container needs a console socket, and a console socket needs a terminal. */
export function checkConsole(
  { terminal = false }: Pick<Process, "terminal">,
  { consoleSocket, foreground }: ConsoleRequest,
): void {
  if (terminal && !consoleSocket && !foreground) {
    throw new HostError(
      "process.terminal: the terminal of a detached process needs a console socket",
      "use --console-socket, or set process.terminal to false",
    );
  }
  if (!terminal && consoleSocket) {
    throw new HostError(
      "--console-socket is given, but process.terminal is not true",
      "leave the option out, or set process.terminal to true",
    );
  }
}
