/**
 * Whom an executor asks about a container's processes, where they are not the host's own: somebody inside, such as an agent in
 * a guest. Commands load an agent for the containers alone whose state says that there is one.
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
   * @throws {HostError} when the signal is not taken.
   */
  signal(container: AgentContainer, signal: number, all: boolean): boolean;

  /** Called by `events` for a running container: what is used inside; null when there is no answer. */
  figures(container: AgentContainer): AgentFigures | null;

  /**
   * Called by `update` for a running container: puts limits into force inside, as far as there is anything to be told.
   * @returns false when the container has ended.
   * @throws {HostError} when they are not taken.
   */
  limit(container: AgentContainer, resources: Resources): boolean;

  /**
   * Called by `ps`, whatever the container's status: what it prints, or undefined when it shall show the host's processes.
   * @throws {UsageError} for options of ps(1) that mean nothing inside.
   * @throws {StateError | HostError} when what is inside is asked for alone, and does not answer.
   */
  ps(container: AgentContainer, request: PsRequest): Promise<string | undefined>;
}

/** Bytes and nanoseconds, in the shape in which `events` tells them. */
export interface AgentFigures {
  /**
   * `total` and `available` are the kernel's inside; `usage` is what the container's processes have, and `oomKills` how many
   * of them that kernel has killed for want of memory.
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
  /** As a table, or as JSON for which nothing else will do. */
  readonly format: "table" | "guest";
  /** What the user says to ps(1). */
  readonly options: readonly string[];
  readonly warn: (message: string) => void;
}
