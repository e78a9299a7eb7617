/**
 * What a variation of a bundle is, and the parts of config.json that variations change. The variations themselves are
 * in the variations_*.ts beside it, one list for each part of the spec.
 */
import type { Fixture } from "./fixture.ts";
import type { JsonObject } from "../../scripts/sample/bundle.ts";

/** config.json, as far as variations look into it. */
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
  /** What varies; a bundle takes at most one variation of each axis. */
  readonly axis: string;
  readonly name: string;
  /** Axes that this variation cannot be combined with, since the runtimes then refuse for a reason of no interest. */
  readonly without?: readonly string[];
  change(config: Config, place: Place): void;
  /** What the shell does that becomes the runtime: the habits of a caller. */
  readonly caller?: string;
}

/**
 * For `without`: no other variation goes with it, since at least one runtime refuses the bundle, and would show nothing
 * of the others.
 */
export const ALONE: readonly string[] = ["*"];

/** Where the bundle is, for variations that name paths. */
export interface Place {
  readonly fixture: Fixture;
  readonly bundle: string;
  /** The container's id, unique on the host. */
  readonly id: string;
}

/** Variations of one axis, from their names to what they change. */
export function variations(
  axis: string,
  changes: Readonly<Record<string, Variation["change"]>>,
  without: readonly string[] = [],
): Variation[] {
  return Object.entries(changes).map(([name, change]) => ({ axis, name, without, change }));
}
