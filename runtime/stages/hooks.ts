/** Hooks that Main runs, in the runtime's own namespaces. */
import { runHookPlan } from "../../ffi/shim.ts";
import { encodeHookPlan } from "../plan/encode.ts";
import { hookOps } from "../plan/hooks.ts";
import type { Hooks } from "../spec/spec.ts";
import type { OciState } from "../state/container_state.ts";
import { inheritedEnv } from "../host_facts.ts";
import type { Op } from "../plan/op.ts";
import { isFolder } from "../common/files.ts";
import { SpecError, SyscallError } from "../common/errors.ts";
import { nameOp } from "../plan/format.ts";
import { type Finding, hookProblem } from "./op_findings.ts";
import { whatIsAt } from "./path_finding.ts";

export { inheritedEnv as hookEnv };

/**
 * Runs the hooks of one kind, each with `state` on its stdin, until one fails.
 * @returns its error, with its place in config.json.
 */
export function runHooks(
  moment: keyof Hooks,
  hooks: Hooks | undefined,
  state: OciState,
  env: readonly string[],
): Error | undefined {
  const ops = hookOps(moment, hooks?.[moment], env, 0, bundleOrHere(state.bundle));
  if (ops.length === 0) return undefined;
  const plan = encodeHookPlan(ops);
  const failure = runHookPlan(plan, JSON.stringify(state));
  if (!failure) return undefined;
  const { index, errno, stdout, stderr } = failure;
  const op = ops[index] as Extract<Op, { op: "hook" }>;
  const cause = new SyscallError(nameOp(op), errno);
  const findings: readonly Finding[] = [
    whatIsAt(op.path),
    { field: 0, found: "stdout", text: stdout },
    { field: 0, found: "stderr", text: stderr },
  ];
  return new SpecError(op.from!, hookProblem(op.path, errno, findings), { cause });
}

/** The working directory of hooks; the bundle may be gone when the last hooks run, which clean up. */
function bundleOrHere(bundle: string): string {
  return isFolder(bundle) ? bundle : "";
}

/**
 * The hooks of `create` in the runtime's own namespaces, when the container's namespaces exist.
 * @throws {SpecError} naming the hook that failed.
 */
export function runCreateHooks(
  hooks: Hooks | undefined,
  state: OciState,
  env: readonly string[],
): void {
  for (const moment of ["prestart", "createRuntime"] as const) {
    const error = runHooks(moment, hooks, state, env);
    if (error) throw error;
  }
}

/** Runs all hooks of a kind whose failures are only warnings (runtime spec, "Lifecycle"). */
export function runAllHooks(
  moment: keyof Hooks,
  hooks: Hooks | undefined,
  state: OciState,
  env: readonly string[],
  warn: (message: string) => void,
): void {
  for (const hook of hooks?.[moment] ?? []) {
    const error = runHooks(moment, { [moment]: [hook] }, state, env);
    if (error) warn(error.message);
  }
}
