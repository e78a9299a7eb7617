import { assertEquals, assertMatch } from "@std/assert";
import {
  judgeFirmware,
  judgeKvm,
  judgeLibkrun,
  judgePasst,
} from "../../../../executors/libkrun/findings.ts";
import { INSTALL_LIBKRUN } from "../../../../ffi/libkrun.ts";
import { bad, type Finding, good } from "../../../../runtime/finding.ts";

/** What a finding says when it is not ok. */
function complaint({ detail, remedy }: Finding): string {
  return `${detail}; ${remedy}`;
}

Deno.test("judgeKvm() has a remedy for each way to fail", () => {
  assertEquals(judgeKvm(0, "ann"), good("microVMs", "/dev/kvm", "can run a 64-bit guest"));
  assertMatch(complaint(judgeKvm(2, "ann")), /^is missing; load kvm_intel or kvm_amd/);
  assertMatch(complaint(judgeKvm(19, "ann")), /^has no driver; load kvm_intel or kvm_amd/);
  assertEquals(
    complaint(judgeKvm(13, "ann")),
    "ann may not open it; usermod -aG kvm ann, and log in again",
  );
  assertMatch(
    complaint(judgeKvm(5, "ann")),
    /^cannot run a 64-bit guest: input\/output error \(EIO\); /,
  );
});

Deno.test("judgeLibkrun() tells file, version and features", () => {
  const path = "/usr/lib/libkrun.so.1.17.4";
  const report = { path, version: "1.17.4", features: ["net", "blk"] };
  assertEquals(
    judgeLibkrun(report),
    good("microVMs", "libkrun", `1.17.4 with net, blk (${path})`),
  );
  assertEquals(
    judgeLibkrun({ path, version: "1.9.0" }).detail,
    `1.9.0 too old to report its features (${path})`,
  );
  assertEquals(
    judgeLibkrun({ path, features: [] }).detail,
    `1.x with no optional features (${path})`,
  );
});

Deno.test("judgeLibkrun() and judgeFirmware() pass on why there is none", () => {
  const problem = { detail: "libkrun cannot be loaded: x", remedy: "install libkrun" };
  assertEquals(
    judgeLibkrun({ problem }),
    bad("microVMs", "libkrun", problem.detail, problem.remedy),
  );
  const missing = { detail: "libkrun cannot be loaded: x", remedy: INSTALL_LIBKRUN };
  assertMatch(
    complaint(judgeLibkrun({ problem: missing }, "ID=fedora\n")),
    /; dnf install libkrun$/,
  );
  assertMatch(complaint(judgeFirmware({ problem })), /cannot be loaded; install it together/);
  assertMatch(complaint(judgeFirmware({ path: "/x" })), /cannot be loaded; install the version/);
  const firmware = { firmware: "/fw", firmwareVersion: "5.6.1" };
  assertEquals(judgeFirmware(firmware), good("microVMs", "libkrunfw", "5.6.1 (/fw)"));
});

Deno.test("judgePasst() does not keep microVMs from running", () => {
  assertEquals(judgePasst("/usr/bin/passt"), good("networking", "passt", "/usr/bin/passt"));
  assertEquals(judgePasst(undefined).concern, "networking");
});
