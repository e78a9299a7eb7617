/**
 * The interface to an agent inside a container, which answers requests about processes that are not the host's, such as those
 * of a guest. Commands load it only for containers whose state records an agent.
 */
import type { Resources } from "../../runtime/spec/spec.ts";
import type { Status, StoredState } from "../../runtime/state/container_state.ts";

/** A container with an agent. */
export interface AgentContainer {
  readonly state: StoredState;
  /** The folder of its state on the host. */
  readonly stateFolder: string;
}

export interface Agent {
  /**
   * Called by `kill` for a running container and every signal but SIGKILL, which the host sends.
   * @returns false when the container has ended.
   * @throws {HostError} when the agent does not accept the signal.
   */
  signal(container: AgentContainer, signal: number, all: boolean): boolean;

  /** Called by `events` for a running container: the statistics of its inside; null when there is no answer. */
  figures(container: AgentContainer): AgentFigures | null;

  /**
   * Called by `update` for a running container: applies those limits inside that can be applied there.
   * @returns false when the container has ended.
   * @throws {HostError} when they are not applied.
   */
  limit(container: AgentContainer, resources: Resources): boolean;

  /**
   * Called by `ps`, whatever the container's status: the text to print, or undefined to show the host's processes.
   * @throws {UsageError} for options of ps(1) that mean nothing inside.
   * @throws {StateError | HostError} when only processes inside are requested, and the agent does not answer.
   */
  ps(container: AgentContainer, request: PsRequest): Promise<string | undefined>;
}

/** Bytes and nanoseconds, in the form that `events` prints. */
export interface AgentFigures {
  /**
   * `total` and `available` are those of the kernel inside; `usage` is the memory of the container's processes, and `oomKills`
   * the number of them that this kernel has killed when memory ran out.
   */
  readonly memory: {
    readonly total: bigint;
    readonly available: bigint;
    readonly usage: bigint;
    readonly oomKills: bigint;
  };
  readonly cpu: { readonly usage: bigint };
  readonly pids: { readonly current: bigint };
}

export interface PsRequest {
  readonly status: Status;
  /** As a table; or as JSON, which only the guest can provide. */
  readonly format: "table" | "guest";
  /** Options for ps(1). */
  readonly options: readonly string[];
  readonly warn: (message: string) => void;
}
