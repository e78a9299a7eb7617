/**
 * A line of the engines' tables: a command as a user types it, and its test. Owns no engine; the cases are in podman/,
 * docker/ and containerd/, and suite.ts runs them.
 */
import { KAGO } from "../harness/kago.ts";

/** In the order of the tables' columns. A suite tries each case with kago and one of the others. */
export const RUNTIMES = ["kago", "runc", "crun"] as const;
export type Runtime = (typeof RUNTIMES)[number];

export const RUNTIME_PATHS: Readonly<Record<Runtime, string>> = {
  kago: KAGO,
  runc: "/usr/sbin/runc",
  crun: "/usr/bin/crun",
};

/** The kinds of host on which the suites run, with their names in the tables. */
export const HOSTS = {
  v1: "cgroup v1",
  v2: "cgroup v2",
  systemd: "systemd",
  rootless: "rootless, systemd",
} as const;
export type Host = keyof typeof HOSTS;

/** The emulated ones. */
export const EMULATED: readonly Host[] = ["v2", "systemd", "rootless"];

export interface EngineCase<Session> {
  /** The text in the table, the same for every runtime. */
  readonly command: string;
  /** Tests it; an error says what was wrong. */
  readonly check: (session: Session) => Promise<void>;
  /**
   * The emulated hosts on which it is also tried. They take ten times as long, so only cases that depend on the kind of
   * host have any. Absent: none.
   */
  readonly emulated?: readonly Host[];
  /** For commands that the machine itself may not support, or that would affect it. */
  readonly native?: false;
  /** For commands that other runtimes do not support: the case is not tried with them. */
  readonly only?: "kago";
}

/** Cases that share containers, which are created once before them. */
export interface CaseGroup<Session> {
  readonly name: string;
  readonly cases: readonly EngineCase<Session>[];
  readonly setUp?: (session: Session) => Promise<void>;
  readonly tearDown?: (session: Session) => Promise<void>;
}
