/** `kago doctor`: checks whether this host can run microVMs, and prints remedies. It changes nothing. */
import { EXECUTORS } from "../../executors/registry.ts";
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { colourOf } from "../colour.ts";
import { containerFindings } from "../doctor/containers.ts";
import { engineFindings } from "../doctor/engines.ts";
import { canRunMicrovms } from "../finding.ts";
import { kernelFindings } from "../doctor/kernel.ts";
import { formatReport, reportToJson } from "../doctor/report.ts";
import { commandLineWord } from "./build_request.ts";
import { ownerName } from "../state/owner.ts";

/** The exit code is 1 when the host cannot run microVMs. */
export async function run({ global, options }: Invocation<"doctor">): Promise<number> {
  const user = ownerName(Deno.uid() ?? 0);
  const word = commandLineWord(global);
  const ofExecutors = await Promise.all(EXECUTORS.map(async ({ load }) => {
    const executor = await load();
    return await executor.findings?.(user, word) ?? [];
  }));
  const findings = [
    ...ofExecutors.flat(),
    ...kernelFindings(),
    ...containerFindings(user),
    ...engineFindings(),
  ];
  const text = options.json ? reportToJson(findings) : formatReport(findings, colourOf("stdout"));
  print(text);
  return canRunMicrovms(findings) ? 0 : 1;
}
