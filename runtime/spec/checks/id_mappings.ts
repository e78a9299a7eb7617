/** The rules for id mappings of `linux` and of idmapped mounts (user_namespaces(7)). */
import { SpecError } from "../../common/errors.ts";
import type { IdMapping } from "../spec.ts";

/** UID_GID_MAP_MAX_EXTENTS of the kernel. */
const MAX_RANGES = 340;

/** Ids have 32 bits, and the last one means "no change" in setuid(2) and similar calls. */
const END_OF_IDS = 0xffffffff;

/** @throws {SpecError} for ranges that the kernel refuses with only EINVAL. */
export function requireSoundMappings(jsonPath: string, mappings: readonly IdMapping[]): void {
  if (mappings.length > MAX_RANGES) {
    throw new SpecError(
      jsonPath,
      `has ${mappings.length} ranges, but at most ${MAX_RANGES} are allowed`,
    );
  }
  for (const [index, { size }] of mappings.entries()) {
    if (size === 0) throw new SpecError(`${jsonPath}[${index}].size`, "must be at least 1, got 0");
  }
  requireSoundRanges(jsonPath, mappings, "containerID");
  requireSoundRanges(jsonPath, mappings, "hostID");
}

function requireSoundRanges(
  jsonPath: string,
  mappings: readonly IdMapping[],
  side: "containerID" | "hostID",
): void {
  const sorted = [...mappings.entries()].sort(([, a], [, b]) => a[side] - b[side]);
  let end = 0;
  for (const [index, mapping] of sorted) {
    const start = mapping[side];
    const place = `${jsonPath}[${index}].${side}`;
    if (start < end) throw new SpecError(place, `${start} is in the range of another mapping`);
    end = start + mapping.size;
    if (end > END_OF_IDS) {
      throw new SpecError(
        place,
        `${start} and size ${mapping.size} exceed the last id ${END_OF_IDS - 1}`,
      );
    }
  }
}
