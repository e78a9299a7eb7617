/** Id mappings in the kernel's format. */
import type { IdMapping } from "../spec/spec.ts";

/** The text for /proc/PID/uid_map: one line per range (user_namespaces(7)). */
export function mapText(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`)
    .join("");
}

/** The host's id for an id of the container; undefined when it is not mapped. */
export function hostId(mappings: readonly IdMapping[], id: number): number | undefined {
  const range = mappings.find(({ containerID, size }) =>
    id >= containerID && id < containerID + size
  );
  return range && range.hostID + id - range.containerID;
}
