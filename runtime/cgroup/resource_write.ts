/**
 * Writes to a cgroup's files that set its limits. Independent of drivers: a driver with another way to set a field
 * identifies the field by `from`, and makes the other writes. apply.ts executes them.
 */
import { HostError } from "../common/errors.ts";

export interface ResourceWrite {
  readonly controller: string;
  /** Name in the directory that has the controller. */
  readonly file: string;
  readonly value: string;
  /** The place in config.json, such as `linux.resources.memory.limit`. */
  readonly from: string;
  /** Written instead by a kernel that does not have `file`. */
  readonly or?: { readonly file: string; readonly value: string };
  /** A kernel without `file` needs no write: it behaves as the value requests. */
  readonly optional?: true;
  /**
   * The kernel checks the value against the present values of other coupled files of the controller: a write that fails is
   * tried again after the next one.
   */
  readonly coupled?: true;
}

/** The properties of a write that are needed to track the values. */
export type ValueWrite = Pick<ResourceWrite, "controller" | "file" | "value">;

/** File, value, field below `linux.resources`, and further properties. */
export type Row = readonly [
  file: string,
  value: string,
  field: string,
  more?: Pick<ResourceWrite, "or" | "optional" | "coupled">,
];

/** The text of one of the cgroup's files; undefined when there is no such file. */
export type Present = (controller: string, file: string) => string | undefined;

/** The cgroup for which a field is converted. */
export interface Target {
  readonly version: 1 | 2;
  /** Absent for a new cgroup: its files will have the kernel's defaults. */
  readonly present?: Present;
}

export const RESOURCES_PATH = "linux.resources";

/** A field that only v1 supports, by `file`. runc ignores some of them silently, crun refuses them. */
export function notInV2(field: string, file: string): HostError {
  return new HostError(
    `${RESOURCES_PATH}.${field}: cgroup v2 has no counterpart of v1's ${file}`,
    "leave it out, or use a host that has the controller in v1",
  );
}
