/**
 * A line of the engines' tables: a command as a user types it, and how it is tried. Owns no engine; the cases are the
 * engines' own (podman/, docker/, containerd/), and suite.ts runs them.
 */

/** The runtimes that every case is tried with. */
export const RUNTIMES = ["kago", "runc"] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** The kinds of host that the suites run on, as the tables call them. */
export const HOSTS = {
  v1: "cgroup v1",
  v2: "cgroup v2",
  systemd: "systemd",
  rootless: "rootless, systemd",
} as const;
export type Host = keyof typeof HOSTS;

export interface EngineCase<Session> {
  /** What the table shows, the same for every runtime. */
  readonly command: string;
  /** Tries it; an error says what was not as it should be. */
  readonly check: (session: Session) => Promise<void>;
  /** Tried in the emulated hosts too, which take ten times as long: what a kind of host has a say in. */
  readonly everywhere?: true;
  /** Absent: all. */
  readonly hosts?: readonly Host[];
  /** For what runc cannot do: with it the case is not tried. */
  readonly only?: "kago";
}

/** Cases that share containers, made once before them. */
export interface CaseGroup<Session> {
  readonly name: string;
  readonly cases: readonly EngineCase<Session>[];
  readonly setUp?: (session: Session) => Promise<void>;
  readonly tearDown?: (session: Session) => Promise<void>;
}
