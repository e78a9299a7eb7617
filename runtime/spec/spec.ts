/**
 * The types of config.json: OCI runtime spec 1.3, the parts for Linux. Field names are the spec's. This module has only the
 * types: the schema modules define the valid form (the compiler ties them to these types), checks/ the meaning, and
 * runtime/config reads the file.
 *
 * A Spec keeps properties of the file that are not declared here: the spec requires runtimes to ignore them.
 */
import type { IdMapping } from "./spec_common.ts";
import type { Linux } from "./spec_linux.ts";
import type { Process } from "./spec_process.ts";

export type * from "./spec_common.ts";
export type * from "./spec_linux.ts";
export type * from "./spec_process.ts";
export type * from "./spec_resources.ts";
export type * from "./spec_seccomp.ts";

/** The whole of config.json. */
export interface Spec {
  readonly ociVersion: string;
  readonly root?: Root;
  readonly mounts?: readonly Mount[];
  /** Optional for `create`, but required by `start`. */
  readonly process?: Process;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly hooks?: Hooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: Linux;
}

/** The root filesystem. */
export interface Root {
  /** Absolute, or relative to the bundle. */
  readonly path: string;
  readonly readonly?: boolean;
}

/** A mount besides the root; mounts are made in the order of the list. */
export interface Mount {
  /** In the container. */
  readonly destination: string;
  /** A filesystem type, or `bind` or `none` with the option `bind` or `rbind`. */
  readonly type?: string;
  /** For a bind: a path of the host, absolute or relative to the bundle. */
  readonly source?: string;
  readonly options?: readonly string[];
  /** With gidMappings: the mount is idmapped. */
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
}

/** Hooks by kind (runtime spec, "POSIX-platform Hooks"). */
export interface Hooks {
  /** Deprecated by the spec: runs before createRuntime, at the same point. */
  readonly prestart?: readonly Hook[];
  readonly createRuntime?: readonly Hook[];
  readonly createContainer?: readonly Hook[];
  readonly startContainer?: readonly Hook[];
  readonly poststart?: readonly Hook[];
  readonly poststop?: readonly Hook[];
}

export interface Hook {
  readonly path: string;
  /** As for execv(3): args[0] is the program's name. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** Seconds, at least 1. */
  readonly timeout?: number;
}
