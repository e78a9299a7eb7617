/**
 * The type of a variation of a bundle, and the parts of config.json that variations change. The variations are in
 * variations_*.ts, one list for each part of the spec.
 */
import type { Fixture } from "./fixture.ts";
import type { JsonObject } from "../../scripts/sample/bundle.ts";

/** config.json, as far as variations access it. */
export interface Config {
  process: {
    user: JsonObject;
    args: string[];
    env?: string[];
    cwd: string;
    capabilities?: Record<string, string[]>;
    rlimits?: JsonObject[];
    [key: string]: unknown;
  };
  root: JsonObject;
  mounts: Mount[];
  hostname?: string;
  linux: {
    namespaces: { type: string; path?: string }[];
    resources?: JsonObject;
    devices?: JsonObject[];
    maskedPaths?: string[];
    readonlyPaths?: string[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

export interface Mount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

export interface Variation {
  /** The subject of the variation; a bundle has at most one variation per axis. */
  readonly axis: string;
  readonly name: string;
  /** Axes that cannot be combined with this variation, since the runtimes then refuse for an irrelevant reason. */
  readonly without?: readonly string[];
  change(config: Config, place: Place): void;
  /** Shell commands before the shell becomes the runtime, which set up the caller. */
  readonly caller?: string;
}

/**
 * For `without`: no other variation can be combined with it, since at least one runtime refuses the bundle, and would
 * show nothing of the others.
 */
export const ALONE: readonly string[] = ["*"];

/** The bundle's place, for variations that name paths. */
export interface Place {
  readonly fixture: Fixture;
  readonly bundle: string;
  /** The container's id, unique on the host. */
  readonly id: string;
}

/** Variations of one axis, by name. */
export function variations(
  axis: string,
  changes: Readonly<Record<string, Variation["change"]>>,
  without: readonly string[] = [],
): Variation[] {
  return Object.entries(changes).map(([name, change]) => ({ axis, name, without, change }));
}
