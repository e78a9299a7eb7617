/** The findings as one screen of text, and as JSON. Pure. */
import { canRunMicrovms, type Finding } from "./finding.ts";

/** Lines with a newline at the end of each; a failing one is followed by its remedy. */
export function formatReport(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ ok, subject, detail, remedy, concern }) => [
    `${mark(ok, concern)} ${subject.padEnd(width)}  ${detail}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 6)}→ ${remedy}`]),
  ]);
  return [...lines, "", verdict(findings), ""].join("\n");
}

export function reportToJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ microVMs: canRunMicrovms(findings), findings }, undefined, 2)}\n`;
}

/** Needed and missing, missing, or there. */
function mark(ok: boolean, concern: Finding["concern"]): string {
  if (ok) return "ok  ";
  return concern === "containers" || concern === "microVMs" ? "FAIL" : "--  ";
}

function verdict(findings: readonly Finding[]): string {
  if (canRunMicrovms(findings)) return "This host can run microVMs.";
  const names = (concern: Finding["concern"]) =>
    findings.filter((one) => !one.ok && one.concern === concern).map(({ subject }) => subject);
  const containers = names("containers");
  const missing = [...containers, ...names("microVMs")].join(", ");
  return containers.length > 0
    ? `This host cannot run containers: ${missing}.`
    : `This host can run plain containers, but no microVMs: ${missing}.`;
}
