/** Hooks as operations (runtime spec, "POSIX-platform Hooks"); who runs them, and where, is compile.ts's and Main's. */
import type { Hook } from "../spec/spec.ts";
import type { CompileInput } from "./compile_input.ts";
import { environmentOf } from "./environment.ts";
import { type Op, SYNC_POINTS } from "./op.ts";

/** All moments, in the order of a container's life. */
export const HOOK_MOMENTS = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;

/** The states that Main sends at the sync point `hooks`, by index. */
export const HOOK_STATES = ["creating", "created"] as const;

/**
 * The hooks of one moment, in their order.
 * @param env what hooks get that do not say.
 * @param state index in HOOK_STATES.
 * @param cwd where they run; empty is where the stage is.
 * @param home whether those without an `env` of their own have the process's HOME, which may be one that is found.
 */
export function hookOps(
  moment: string,
  hooks: readonly Hook[] | undefined,
  env: readonly string[],
  state: number,
  cwd: string,
  home = false,
): readonly Op[] {
  return (hooks ?? []).map((hook, index) => {
    const from = `hooks.${moment}[${index}]`;
    return {
      op: "hook",
      path: hook.path,
      args: hook.args ?? [hook.path],
      env: hook.env ?? env,
      timeout: (hook.timeout ?? 0) * 1000,
      state,
      cwd,
      home: home && !hook.env ? 1 : 0,
      wantedBy: from,
      from,
    };
  });
}

/**
 * At the end of the set-up, before the root changes: Main runs the hooks of the runtime's namespaces, then Init those of
 * the container's, whose programs are still the host's.
 */
export function createHookOps({ spec, host, bundle }: CompileInput): readonly Op[] {
  const { prestart, createRuntime, createContainer, startContainer } = spec.hooks ?? {};
  const any = [prestart, createRuntime, createContainer, startContainer].some((list) =>
    list?.length
  );
  if (!any) return [];
  return [
    { op: "sync", point: SYNC_POINTS.hooks, from: "hooks" },
    ...hookOps("createContainer", createContainer, host.env, 0, bundle),
  ];
}

/** After `start`, in the container: the program is the container's, and so is what it may do. */
export function startHookOps({ spec }: Pick<CompileInput, "spec">): readonly Op[] {
  const env = spec.process ? environmentOf(spec.process) : [];
  return hookOps("startContainer", spec.hooks?.startContainer, env, 1, "", true);
}
