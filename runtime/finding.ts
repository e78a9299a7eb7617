/** What `kago doctor` finds: one line each, and what to do about it. */

/**
 * What a finding bears on. A host runs microVMs when nothing fails for `containers` or `microVMs`; what fails for the
 * others takes something away, and no more.
 */
export type Concern = "containers" | "microVMs" | "rootless" | "networking" | "engines";

export interface Finding {
  /** What was looked at, such as `/dev/kvm`. */
  readonly subject: string;
  readonly concern: Concern;
  readonly ok: boolean;
  /** What is there, or what is wrong; no full stop. */
  readonly detail: string;
  /** What to do; on every finding that is not ok. */
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
