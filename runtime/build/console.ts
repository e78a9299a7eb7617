/** Where the terminal of a process goes: to a console socket, or to kago's own. */
import { HostError } from "../common/errors.ts";
import type { Process } from "../spec/spec.ts";

export interface ConsoleRequest {
  readonly consoleSocket?: string;
  /** Does kago stay and relay the terminal? */
  readonly foreground: boolean;
}

/** As runc: a terminal of a detached container needs somebody to hand it to, and a socket needs a terminal. */
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
