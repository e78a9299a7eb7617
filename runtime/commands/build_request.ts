/** What every command that builds a container asks for in the same way. */
import type { AdministratorWord } from "../administrator.ts";
import type { GlobalOptions } from "../cli/command_table.ts";
import { invokedAs } from "../invoked_as.ts";
import { joinPath } from "../common/path.ts";
import type { BuildRequest } from "../build/container.ts";
import { given } from "../common/given.ts";

/** By the options before the command. */
export function globalRequest(
  global: GlobalOptions,
): Pick<BuildRequest, "invokedAs" | "handler" | "cgroupManager" | "rootless" | "word"> {
  const manager = global.systemdCgroup ? "systemd" : global.cgroupManager;
  return {
    invokedAs: invokedAs(),
    ...given({
      handler: global.handler || undefined,
      cgroupManager: manager || undefined,
      rootless: global.rootless,
    }),
    word: commandLineWord(global),
  };
}

/** What the administrator says before the command. */
export function commandLineWord({ libkrun, allowAnnotation }: GlobalOptions): AdministratorWord {
  const library = libkrun ? { path: absolutePath(libkrun), from: "--libkrun" } : undefined;
  return { ...given({ library }), allowed: allowAnnotation };
}

/** Where the caller's files are, whatever folder somebody else uses the path in. */
export function absolutePath(path: string): string {
  return joinPath(Deno.cwd(), path);
}

/** As absolutePath(), of an option; undefined when it is not given, or empty. */
export function absolutePathIf(path: string | undefined): string | undefined {
  return path ? absolutePath(path) : undefined;
}
