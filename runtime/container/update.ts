/** `update`: changes the limits of a live container, under its lock. Nothing is stored: the kernel has the limits. */
import { executorOf } from "../../executors/registry.ts";
import type { AgentContainer } from "../../executors/interface/agent.ts";
import { loadDriver } from "../cgroup/drivers/load_driver.ts";
import { updateCgroup } from "../cgroup/limits/update.ts";
import { HostError, StateError } from "../common/errors.ts";
import type { IntelRdt, Resources } from "../spec/spec.ts";
import type { Status, StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { undoAll } from "../common/undo.ts";
import type { TellInside } from "./update_inside.ts";

const ALLOWED = ["created", "running", "paused"] as const;

export interface Changes {
  readonly resources: Resources;
  /** Values for the resctrl group that kago made for the container. */
  readonly intelRdt?: IntelRdt;
}

/**
 * Changes the limits, all of them or none.
 * @throws {StateError} for a stopped container.
 * @throws {SpecError | HostError | SyscallError} naming the limit that cannot be set; the old ones stay. For a container
 * with an agent, the error may also say that the guest did not get the limits: then all new ones apply on the host.
 */
export async function updateContainer(
  root: string,
  id: string,
  { resources, intelRdt }: Changes,
): Promise<void> {
  using lock = lockState(root, id);
  const state = loadState(root, id, lock);
  const status = liveStatus(state, () => true);
  if (!ALLOWED.some((allowed) => allowed === status)) {
    throw new StateError(id, "update", status, ALLOWED);
  }
  const restoreResctrl = intelRdt ? await changeResctrl(state, intelRdt) : undefined;
  let tellInside: TellInside | void;
  try {
    tellInside = await changeCgroup({ state, stateFolder: `${root}/${id}` }, resources, status);
  } catch (error) {
    throw restoreResctrl ? undoAll([restoreResctrl], error) : error;
  }
  tellInside?.();
}

async function changeCgroup(
  container: AgentContainer,
  resources: Resources,
  status: Status,
): Promise<TellInside | void> {
  const { state } = container;
  if (Object.keys(resources).length === 0) return;
  if (!state.cgroup) {
    throw new HostError(
      `cannot update container ${state.id}: it has no cgroup of its own`,
      "create it with a cgroup manager",
    );
  }
  (await executorOf(state)).checkUpdate?.(state, resources);
  const { cgroup } = state;
  const driver = await loadDriver(cgroup);
  const change = () => updateCgroup(cgroup, resources, (writes) => driver.announce(cgroup, writes));
  if (!state.agent) return change();
  const { updateInside } = await import("./update_inside.ts");
  return updateInside(container, cgroup, resources, status, change);
}

/** @returns a function that undoes the change. */
async function changeResctrl(
  { id, resctrl }: StoredState,
  intelRdt: IntelRdt,
): Promise<() => void> {
  if (!resctrl?.own && !resctrl?.made) {
    throw new HostError(
      `cannot update container ${id}: it has no resctrl group that kago created`,
      "write to the schemata file of its group, or create the container with linux.intelRdt",
    );
  }
  const { updateResctrl } = await import("../resctrl/group.ts");
  return updateResctrl(resctrl, intelRdt);
}
