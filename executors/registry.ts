/**
 * The list of executors. They are loaded when a container needs them. The agent, for requests about processes, is loaded
 * separately, because short commands must load little (scripts/build/quick.ts).
 */
import { HostError, SpecError, UsageError } from "../runtime/common/errors.ts";
import { quoted } from "../runtime/common/quoted.ts";
import type { Spec } from "../runtime/spec/spec.ts";
import type { StoredState } from "../runtime/state/container_state.ts";
import type { Agent } from "./interface/agent.ts";
import {
  type Executor,
  HANDLER_ANNOTATION,
  type HandlerRequest,
  requestedHandler,
} from "./interface/executor.ts";

/** An executor before it is loaded. */
export interface ExecutorEntry {
  /** The name in `run.oci.handler`; the plain executor's is `default`. */
  readonly name: string;
  load(): Promise<Executor>;
  /** For an executor whose containers may have an agent. */
  loadAgent?(): Promise<Agent>;
}

/** Tests add their own. */
export const EXECUTORS: ExecutorEntry[] = [
  {
    name: "krun",
    load: async () => (await import("./libkrun/executor.ts")).libkrunExecutor,
    loadAgent: async () => (await import("./libkrun/guest/agent.ts")).guestAgent,
  },
  { name: "default", load: async () => (await import("./default.ts")).defaultExecutor },
];

/** The bundle's annotation names a handler that kago does not have. */
export class CantHandle extends SpecError {
  override name = "CantHandle";
  constructor(readonly handler: string) {
    super(`annotations["${HANDLER_ANNOTATION}"]`, `${unknown(handler)}, or leave it out`);
  }
}

/**
 * The executor for this container.
 * @throws {CantHandle} when the bundle's annotation names an unknown handler.
 * @throws {UsageError} when the command line does.
 */
export async function pickExecutor(spec: Spec, request: HandlerRequest): Promise<Executor> {
  const handler = requestedHandler(spec, request);
  const entry = entryNamed(handler);
  if (entry) return await entry.load();
  if (spec.annotations?.[HANDLER_ANNOTATION] !== undefined) throw new CantHandle(handler);
  throw new UsageError(`--handler: ${unknown(handler)}`);
}

/**
 * The executor that a container was created with.
 * @throws {HostError} when this kago has none of that name.
 */
export async function executorOf({ handler }: StoredState): Promise<Executor> {
  return await (entryNamed(handler) ?? noSuch(handler)).load();
}

/**
 * The agent of a container whose state records one.
 * @throws {HostError} when this kago has none for its handler.
 */
export async function loadAgent({ handler }: StoredState): Promise<Agent> {
  return await (entryNamed(handler)?.loadAgent ?? noSuch(handler))();
}

function entryNamed(handler: string): ExecutorEntry | undefined {
  return EXECUTORS.find(({ name }) => name === handler);
}

function noSuch(handler: string): never {
  throw new HostError(
    `this kago has no handler ${quoted(handler)}, with which the container was created`,
    "use the kago that created it",
  );
}

function unknown(handler: string): string {
  const names = EXECUTORS.map(({ name }) => name).join(" or ");
  return `unknown handler ${quoted(handler)}: use ${names}`;
}
