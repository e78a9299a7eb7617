/** The part of a request that is common to all commands that build a container. */
import type { AdministratorWord } from "../administrator.ts";
import type { GlobalOptions } from "../cli/command_table.ts";
import { invokedAs } from "../invoked_as.ts";
import { joinPath } from "../common/path.ts";
import type { BuildRequest } from "../build/container.ts";
import { given } from "../common/given.ts";

/** From the options before the command. */
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

/** The administrator's permissions in the options before the command. */
export function commandLineWord({ libkrun, allowAnnotation }: GlobalOptions): AdministratorWord {
  const library = libkrun ? { path: absolutePath(libkrun), from: "--libkrun" } : undefined;
  return { ...given({ library }), allowed: allowAnnotation };
}

/** Resolves a path against the caller's working directory, for use in another one. */
export function absolutePath(path: string): string {
  return joinPath(Deno.cwd(), path);
}

/** As absolutePath(), for an option; undefined when it is not given, or empty. */
export function absolutePathIf(path: string | undefined): string | undefined {
  return path ? absolutePath(path) : undefined;
}
