import { assertEquals } from "@std/assert";
import { bad, canRunMicrovms, type Finding, good } from "../../../runtime/doctor/finding.ts";
import { formatReport, reportToJson } from "../../../runtime/doctor/report.ts";

const KVM = good("microVMs", "/dev/kvm", "runs a 64-bit guest");
const NO_KVM = bad("microVMs", "/dev/kvm", "is missing", "load kvm_amd");
const NO_PASST = bad("networking", "passt", "not found", "install passt");
const OLD_KERNEL = bad("containers", "kernel", "Linux 4.18", "boot a newer one");

Deno.test("formatReport() has a line for each finding, and a remedy below each that fails", () => {
  assertEquals(
    formatReport([NO_KVM, NO_PASST]),
    `FAIL /dev/kvm  is missing
              → load kvm_amd
--   passt     not found
              → install passt

This host can run plain containers, but no microVMs: /dev/kvm.
`,
  );
});

Deno.test("formatReport() ends in the verdict", () => {
  const verdict = (findings: Finding[]) => formatReport(findings).trimEnd().split("\n").at(-1);
  assertEquals(verdict([KVM, NO_PASST]), "This host can run microVMs.");
  assertEquals(
    verdict([NO_KVM, OLD_KERNEL]),
    "This host cannot run containers: kernel, /dev/kvm.",
  );
});

Deno.test("canRunMicrovms() asks for what microVMs and containers need, not for the rest", () => {
  assertEquals(canRunMicrovms([KVM, NO_PASST]), true);
  assertEquals(canRunMicrovms([NO_KVM]), false);
  assertEquals(canRunMicrovms([KVM, OLD_KERNEL]), false);
});

Deno.test("reportToJson() is the findings and the answer", () => {
  assertEquals(JSON.parse(reportToJson([KVM, NO_PASST])), {
    microVMs: true,
    findings: [
      { subject: "/dev/kvm", concern: "microVMs", ok: true, detail: "runs a 64-bit guest" },
      {
        subject: "passt",
        concern: "networking",
        ok: false,
        detail: "not found",
        remedy: "install passt",
      },
    ],
  });
});
