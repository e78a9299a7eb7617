import { assertEquals } from "@std/assert";
import type { Paint } from "../../../runtime/colour.ts";
import { bad, canRunMicrovms, type Finding, good } from "../../../runtime/finding.ts";
import { formatReport, reportToJson } from "../../../runtime/doctor/report.ts";

const KVM = good("microVMs", "/dev/kvm", "can run a 64-bit guest");
const NO_KVM = bad("microVMs", "/dev/kvm", "is missing", "load kvm_amd");
const NO_PASST = bad("networking", "passt", "not found", "install passt");
const OLD_KERNEL = bad("containers", "kernel", "Linux 4.18", "boot a newer one");

const plain: Paint = (_, text) => text;

Deno.test("formatReport() has a line for each finding, and a remedy below each that fails", () => {
  assertEquals(
    formatReport([NO_KVM, NO_PASST], plain),
    `This host can run plain containers, but not microVMs: /dev/kvm.

FAIL /dev/kvm  is missing
              → load kvm_amd
--   passt     not found
              → install passt
`,
  );
});

Deno.test("formatReport() marks what is needed and missing in another colour than what is missing", () => {
  const text = formatReport([KVM, NO_PASST, OLD_KERNEL], (colour, text) => `<${colour} ${text}>`);
  const marks = [...text.matchAll(/^<(\w+) .{4}>/gm)].map(([, colour]) => colour);
  assertEquals(marks, ["green", "yellow", "red"]);
});

Deno.test("formatReport() begins with the verdict", () => {
  const verdict = (findings: Finding[]) => formatReport(findings, plain).split("\n")[0];
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
      { subject: "/dev/kvm", concern: "microVMs", ok: true, detail: "can run a 64-bit guest" },
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
