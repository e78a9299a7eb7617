/**
 * What it takes to give a cgroup its limits: writes to its files. No driver is known here: one that has another way for
 * a field finds the field in `from`, and makes the other writes. apply.ts carries them out.
 */
import { HostError } from "../common/errors.ts";

export interface ResourceWrite {
  readonly controller: string;
  /** Name below the directory that has the controller. */
  readonly file: string;
  readonly value: string;
  /** The place in config.json, such as `linux.resources.memory.limit`. */
  readonly from: string;
  /** Taken instead on a kernel that does not have `file`. */
  readonly or?: { readonly file: string; readonly value: string };
  /** On a kernel that does not have `file` there is nothing to do: what it would say holds anyway. */
  readonly optional?: true;
  /**
   * The kernel checks the value against other coupled ones of the controller, those that it has at the moment: one that
   * does not fit yet is tried again after the next.
   */
  readonly coupled?: true;
}

/** What there is to know of a write to keep track of the values. */
export type ValueWrite = Pick<ResourceWrite, "controller" | "file" | "value">;

/** File, value, field below `linux.resources`, and what else there is to say. */
export type Row = readonly [
  file: string,
  value: string,
  field: string,
  more?: Pick<ResourceWrite, "or" | "optional" | "coupled">,
];

/** The text of one of the cgroup's files; undefined when there is no such file. */
export type Present = (controller: string, file: string) => string | undefined;

/** What a field is to be turned into. */
export interface Target {
  readonly version: 1 | 2;
  /** Absent for a cgroup that is not made yet: its files will have the kernel's defaults. */
  readonly present?: Present;
}

export const RESOURCES_PATH = "linux.resources";

/** A field that only v1 can carry out, by `file`. runc drops some of them silently, crun refuses them. */
export function notInV2(field: string, file: string): HostError {
  return new HostError(
    `${RESOURCES_PATH}.${field}: cgroup v2 has no counterpart of v1's ${file}`,
    "leave it out, or use a host that has the controller in v1",
  );
}
