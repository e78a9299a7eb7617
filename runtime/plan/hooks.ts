/** Hooks as operations (runtime spec, "POSIX-platform Hooks"); compile.ts and Main choose who runs them, and where. */
import type { Hook } from "../spec/spec.ts";
import type { CompileInput } from "./compile_input.ts";
import { environmentOf } from "./environment.ts";
import { type Op, SYNC_POINTS } from "./op.ts";

/** All kinds of hooks, in the order of a container's lifecycle. */
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
 * The hooks of one kind, in their order.
 * @param env the environment of hooks without `env`.
 * @param state index in HOOK_STATES.
 * @param cwd their working directory; empty for the stage's.
 * @param home whether hooks without `env` also get the process's HOME, which may have been looked up.
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
 * At the end of the set-up, before the root changes: Main runs the hooks of the runtime's namespaces, then Init runs
 * createContainer, whose programs are the host's.
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

/** After `start`, in the container: the program and its privileges are the container's. */
export function startHookOps({ spec }: Pick<CompileInput, "spec">): readonly Op[] {
  const env = spec.process ? environmentOf(spec.process) : [];
  return hookOps("startContainer", spec.hooks?.startContainer, env, 1, "", true);
}
