/** `update`: other limits for a container that lives, under its lock. Nothing is stored: the kernel has the limits. */
import { loadDriver } from "../cgroup/driver.ts";
import { updateCgroup } from "../cgroup/update.ts";
import { HostError, SpecError, StateError } from "../errors.ts";
import type { Resources } from "../spec/spec.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState } from "../state/lock.ts";
import { loadState } from "../state/store.ts";

const ALLOWED = ["created", "running", "paused"] as const;

/**
 * Changes the limits, all of them or none.
 * @throws {StateError} for a stopped container.
 * @throws {SpecError | HostError | SyscallError} naming the limit that cannot be had; the old ones hold.
 */
export async function updateContainer(
  root: string,
  id: string,
  resources: Resources,
): Promise<void> {
  using _lock = lockState(root, id);
  const state = loadState(root, id);
  const status = liveStatus(state, () => true);
  if (!ALLOWED.some((allowed) => allowed === status)) {
    throw new StateError(id, "update", status, ALLOWED);
  }
  if (!state.cgroup) {
    throw new HostError(
      `cannot update container ${id}: it has no cgroup of its own`,
      "create it with a cgroup manager",
    );
  }
  if (state.leastMemory) checkMicrovm(state.leastMemory, resources);
  const { cgroup } = state;
  const driver = await loadDriver(cgroup);
  updateCgroup(cgroup, resources, (writes) => driver.announce(cgroup, writes));
}

/** The VMM holds the guest's RAM, and uses devices that no rule of the container's own may take away. */
function checkMicrovm(
  least: NonNullable<StoredState["leastMemory"]>,
  { memory, devices }: Resources,
): void {
  const { limit = 0 } = memory ?? {};
  if (limit > 0 && limit < least) {
    throw new SpecError(
      "linux.resources.memory.limit",
      `${limit} is below the ${least} bytes of the microVM and its VMM, which would be killed: ` +
        "create it anew with less RAM",
    );
  }
  if (devices?.length) {
    throw new SpecError("linux.resources.devices", "cannot be changed for a microVM: leave it out");
  }
}
