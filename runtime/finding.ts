/** The findings of `kago doctor`: one line each, with a remedy. */

/**
 * What a finding affects. A host can run microVMs when nothing fails for `containers` or `microVMs`; failures of the
 * others only disable features.
 */
export type Concern = "containers" | "microVMs" | "rootless" | "networking" | "engines";

export interface Finding {
  /** The subject of the check, such as `/dev/kvm`. */
  readonly subject: string;
  readonly concern: Concern;
  readonly ok: boolean;
  /** The facts or the problem; no full stop. */
  readonly detail: string;
  /** What to do; set on every finding that is not ok. */
  readonly remedy?: string;
}

export function good(concern: Concern, subject: string, detail: string): Finding {
  return { subject, concern, ok: true, detail };
}

export function bad(concern: Concern, subject: string, detail: string, remedy: string): Finding {
  return { subject, concern, ok: false, detail, remedy };
}

/** Can this host run microVMs? */
export function canRunMicrovms(findings: readonly Finding[]): boolean {
  return findings.every(({ ok, concern }) =>
    ok || concern !== "containers" && concern !== "microVMs"
  );
}
