/** A pod: a container of runc's whose pid and user namespaces others join. */
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { Contender } from "./contender.ts";

export interface Pod {
  /** A process in its namespaces. */
  readonly pid: number;
  /** The host's id of its root. */
  readonly hostId: number;
}

/** The host's id of root in a new user namespace. */
export const HOST_ID = 100_000;

const OTHERS = ["network", "ipc", "uts", "mount", "cgroup"];

const MAPPINGS: JsonObject = {
  uidMappings: [{ containerID: 0, hostID: HOST_ID, size: 65536 }],
  gidMappings: [{ containerID: 0, hostID: HOST_ID, size: 65536 }],
};

/** `linux` of a container with new user and pid namespaces, and the rest. */
export const USER_NAMESPACE: JsonObject = {
  namespaces: ["user", "pid", ...OTHERS].map((type) => ({ type })),
  ...MAPPINGS,
};

/** `linux` of a container that joins the pod's namespaces, or, without one, has the host's pid and user namespaces. */
export function linuxIn(pod: Pod | undefined): JsonObject {
  const others = OTHERS.map((type) => ({ type }));
  if (!pod) return { namespaces: others };
  const joined = ["user", "pid"].map((type) => ({ type, path: `/proc/${pod.pid}/ns/${type}` }));
  // runc before 1.2 wants to be told the maps of the namespace that is joined.
  return { namespaces: [...joined, ...others], ...MAPPINGS };
}

/** Runs `use` with one. */
export async function withPod(use: (pod: Pod) => Promise<void>): Promise<void> {
  const options = { args: ["sleep", "1000"], config: { linux: USER_NAMESPACE } };
  await Contender.with("runc", options, HOST_ID, async (pause) => {
    await pause.leaves("run", "--detach");
    await use({ pid: await pause.pid(), hostId: HOST_ID });
  });
}
