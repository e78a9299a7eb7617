/**
 * crun's mount option `idmap=uids=0-1-10#10-11-10;gids=0-3-10`, which podman passes on: ranges of first id in the
 * filesystem, first id outside, and count; `@` before a range means that the second id is one of the container's user
 * namespace.
 */
import { SpecError } from "../common/errors.ts";
import type { IdMapping, Spec } from "../spec/spec.ts";

export interface IdMaps {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/**
 * Parses the text after `idmap=`.
 * @throws {SpecError} for anything except one list of ranges each for uids and gids.
 */
export function parseIdmapOption(text: string, { linux }: Spec, from: string): IdMaps {
  const place = `${from}.options`;
  const lists = Object.fromEntries(text.split(";").map((part) => part.split("=", 2)));
  const read = (name: string, own: readonly IdMapping[] = []) => {
    const list: unknown = lists[name];
    if (typeof list !== "string") throw malformed(place, text);
    return list.split("#").map((range) => parseRange(range, own, place, text));
  };
  if (Object.keys(lists).length !== 2) throw malformed(place, text);
  return { uids: read("uids", linux?.uidMappings), gids: read("gids", linux?.gidMappings) };
}

function malformed(place: string, text: string): SpecError {
  return new SpecError(
    place,
    `idmap=${text} is malformed, must have the form idmap=uids=0-1000-10#10-2000-5;gids=0-1000-10`,
  );
}

function parseRange(
  range: string,
  own: readonly IdMapping[],
  place: string,
  text: string,
): IdMapping {
  const match = /^(@?)(\d+)-(\d+)-(\d+)$/.exec(range);
  if (!match) throw malformed(place, text);
  const [containerID, second, size] = match.slice(2).map(Number) as [number, number, number];
  if (size === 0 || second + size > 2 ** 32 || containerID + size > 2 ** 32) {
    throw malformed(place, text);
  }
  const hostID = match[1] ? onHost(second, size, own) : second;
  if (hostID !== undefined) return { containerID, hostID, size };
  throw new SpecError(
    place,
    `${range} is not in one range of the container's user namespace (linux.uidMappings, linux.gidMappings)`,
  );
}

/** The host's id for a range of the container's ids; undefined unless one mapping contains the whole range. */
function onHost(first: number, size: number, own: readonly IdMapping[]): number | undefined {
  const mapping = own.find(({ containerID, size: count }) =>
    first >= containerID && first + size <= containerID + count
  );
  return mapping && mapping.hostID + first - mapping.containerID;
}
