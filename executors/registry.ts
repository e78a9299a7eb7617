/** Which executors there are, and in which order they are asked. */
import { HostError, SpecError, UsageError } from "../runtime/common/errors.ts";
import { quoted } from "../runtime/common/quoted.ts";
import type { Spec } from "../runtime/spec/spec.ts";
import { defaultExecutor } from "./default.ts";
import {
  type Executor,
  HANDLER_ANNOTATION,
  type HandlerRequest,
  requestedHandler,
} from "./interface/executor.ts";
import { libkrunExecutor } from "./libkrun/executor.ts";

/** All that the registry loads of an executor is its decisions; libraries are loaded by checkHost() at the earliest. */
const EXECUTORS: readonly Executor[] = [libkrunExecutor, defaultExecutor];

/** No executor takes the container: the bundle asks for a handler that kago does not have. */
export class CantHandle extends SpecError {
  override name = "CantHandle";
  constructor(readonly handler: string) {
    super(`annotations["${HANDLER_ANNOTATION}"]`, `${unknown(handler)}, or leave it out`);
  }
}

/**
 * The executor for this container.
 * @throws {CantHandle} when the bundle's annotation names a handler that there is not.
 * @throws {UsageError} when the command line does.
 */
export function pickExecutor(spec: Spec, request: HandlerRequest): Executor {
  const executor = EXECUTORS.find((candidate) => candidate.canHandle(spec, request));
  if (executor) return executor;
  const handler = requestedHandler(spec, request);
  if (spec.annotations?.[HANDLER_ANNOTATION] !== undefined) throw new CantHandle(handler);
  throw new UsageError(`--handler: ${unknown(handler)}`);
}

/**
 * The executor that a container was created with.
 * @throws {HostError} when this kago has none of that name.
 */
export function executorNamed(name: string): Executor {
  const executor = EXECUTORS.find((candidate) => candidate.name === name);
  if (executor) return executor;
  throw new HostError(
    `this kago has no handler ${quoted(name)}, with which the container was created`,
    "use the kago that created it",
  );
}

function unknown(handler: string): string {
  const names = EXECUTORS.map(({ name }) => name).join(" or ");
  return `there is no handler ${quoted(handler)}: use ${names}`;
}
