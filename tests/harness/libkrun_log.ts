/**
 * Tests of microVMs with libkrun's log: the variable MICROVM_LOG_LEVEL sets its level, which is otherwise kago's own.
 * From level 3 on libkrun logs why a VM ended, such as a triple fault, which a failed test then shows.
 */
export const MICROVM_LOG_LEVEL = "MICROVM_LOG_LEVEL";

/** `[2026-12-01T08:00:00Z INFO  vmm] Vmm is stopping.`; a raw terminal may have bytes before it on the line. */
const ENTRY = /\[\d{4}-\d\d-\d\dT[\d:.]+Z (?:ERROR|WARN |INFO |DEBUG|TRACE) [\w: -]+\] [^\n]*\n/g;

/** Makes all microVMs of this host log at that level. For emulated hosts only: it writes the administrator's file. */
export function setMicrovmLogLevel(): void {
  const level = Deno.env.get(MICROVM_LOG_LEVEL);
  if (!level) return;
  Deno.mkdirSync("/etc/kago", { recursive: true, mode: 0o755 });
  const defaults = JSON.stringify({ logLevel: Number(level) });
  Deno.writeTextFileSync("/etc/kago/microvm.json", defaults, { mode: 0o644 });
}

/** The output of a command without libkrun's log, if the tests have set a level. */
export function withoutMicrovmLog(output: string): string {
  return Deno.env.get(MICROVM_LOG_LEVEL) ? output.replaceAll(ENTRY, "") : output;
}
