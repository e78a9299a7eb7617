/**
 * A line of the engines' tables: a command as a user types it, and how it is tried. Owns no engine; the cases are the
 * engines' own (podman/, docker/, containerd/), and suite.ts runs them.
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

/** The kinds of host that the suites run on, as the tables call them. */
export const HOSTS = {
  v1: "cgroup v1",
  v2: "cgroup v2",
  systemd: "systemd",
  rootless: "rootless, systemd",
} as const;
export type Host = keyof typeof HOSTS;

/** Those that are emulated. */
export const EMULATED: readonly Host[] = ["v2", "systemd", "rootless"];

export interface EngineCase<Session> {
  /** What the table shows, the same for every runtime. */
  readonly command: string;
  /** Tries it; an error says what was not as it should be. */
  readonly check: (session: Session) => Promise<void>;
  /**
   * The emulated hosts that it is tried on too. They take ten times as long, so these are cases that the kind of host has a
   * say in. Absent: none.
   */
  readonly emulated?: readonly Host[];
  /** For what the machine itself may be unable to do, or must be spared. */
  readonly native?: false;
  /** For what other runtimes cannot do: with them the case is not tried. */
  readonly only?: "kago";
}

/** Cases that share containers, made once before them. */
export interface CaseGroup<Session> {
  readonly name: string;
  readonly cases: readonly EngineCase<Session>[];
  readonly setUp?: (session: Session) => Promise<void>;
  readonly tearDown?: (session: Session) => Promise<void>;
}
