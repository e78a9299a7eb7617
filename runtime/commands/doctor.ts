/** `kago doctor`: can this host run microVMs, and if not, what to do. It changes nothing. */
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { colourOf } from "../colour.ts";
import { containerFindings } from "../doctor/containers.ts";
import { engineFindings } from "../doctor/engines.ts";
import { canRunMicrovms } from "../doctor/finding.ts";
import { kernelFindings } from "../doctor/kernel.ts";
import { microvmFindings } from "../doctor/microvm.ts";
import { formatReport, reportToJson } from "../doctor/report.ts";
import { commandLineWord } from "./build_request.ts";
import { ownerName } from "../state/owner.ts";

/** The exit code is 1 when the host cannot run microVMs. */
export function run({ global, options }: Invocation<"doctor">): number {
  const user = ownerName(Deno.uid() ?? 0);
  const findings = [
    ...microvmFindings(user, commandLineWord(global)),
    ...kernelFindings(),
    ...containerFindings(user),
    ...engineFindings(),
  ];
  const text = options.json ? reportToJson(findings) : formatReport(findings, colourOf("stdout"));
  print(text);
  return canRunMicrovms(findings) ? 0 : 1;
}
