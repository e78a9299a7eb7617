/** The findings as text for one screen, and as JSON. Pure. */
import type { Paint } from "../colour.ts";
import { canRunMicrovms, type Finding } from "../finding.ts";

/** The verdict, then a line for each finding; a remedy follows a failed one. All lines end in a newline. */
export function formatReport(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap((finding) => [
    `${mark(finding, paint)} ${finding.subject.padEnd(width)}  ${finding.detail}`,
    ...(finding.remedy === undefined ? [] : [`${" ".repeat(width + 6)}→ ${finding.remedy}`]),
  ]);
  return [paint("bold", verdict(findings)), "", ...lines, ""].join("\n");
}

export function reportToJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ microVMs: canRunMicrovms(findings), findings }, undefined, 2)}\n`;
}

/** Required and missing, missing, or present. */
function mark({ ok, concern }: Finding, paint: Paint): string {
  if (ok) return paint("green", "ok  ");
  const isNeeded = concern === "containers" || concern === "microVMs";
  return isNeeded ? paint("red", "FAIL") : paint("yellow", "--  ");
}

function verdict(findings: readonly Finding[]): string {
  if (canRunMicrovms(findings)) return "This host can run microVMs.";
  const names = (concern: Finding["concern"]) =>
    findings.filter((one) => !one.ok && one.concern === concern).map(({ subject }) => subject);
  const containers = names("containers");
  const missing = [...containers, ...names("microVMs")].join(", ");
  return containers.length > 0
    ? `This host cannot run containers: ${missing}.`
    : `This host can run plain containers, but not microVMs: ${missing}.`;
}
