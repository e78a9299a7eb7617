/** Checks the requirements of a microVM: KVM that can run guests, libkrun and its kernel, passt. */
import { INSTALL_LIBKRUN } from "../../ffi/libkrun.ts";
import { inspectLibkrun, type LibkrunReport } from "../../ffi/libkrun_report.ts";
import { probeKvm } from "../../ffi/shim.ts";
import { type AdministratorWord, administratorWord } from "../../runtime/administrator.ts";
import type { Given } from "../../runtime/administrator_file.ts";
import { describeErrno, HostError, SyscallError } from "../../runtime/common/errors.ts";
import { readText } from "../../runtime/host_files.ts";
import { bad, type Concern, type Finding, good } from "../../runtime/finding.ts";
import { withOwnLibrary } from "../../runtime/own_files.ts";
import { installLibkrun } from "./distribution.ts";
import { passtPath } from "./passt.ts";
import { settingFindings } from "./settings/setting_lines.ts";
import { EACCES, ENODEV, ENOENT, ENXIO } from "../../runtime/common/errno.ts";

/** @param errno of probeKvm(). */
export function judgeKvm(errno: number, user: string): Finding {
  const subject = "/dev/kvm";
  switch (errno) {
    case 0:
      return good("microVMs", subject, "can run a 64-bit guest");
    case ENOENT:
    case ENXIO:
    case ENODEV: {
      const remedy =
        "load kvm_intel or kvm_amd; enable virtualisation in the firmware, or nested " +
        "virtualisation if this host is a virtual machine itself";
      return bad("microVMs", subject, errno === ENOENT ? "is missing" : "has no driver", remedy);
    }
    case EACCES: {
      const remedy = `usermod -aG kvm ${user}, and log in again`;
      return bad("microVMs", subject, `${user} may not open it`, remedy);
    }
    default: {
      const remedy =
        "this KVM is paravirtual or restricted and cannot run ordinary guests: use a " +
        "host with hardware or nested virtualisation";
      return bad("microVMs", subject, `cannot run a 64-bit guest: ${describeErrno(errno)}`, remedy);
    }
  }
}

/** @param osRelease the text of /etc/os-release. */
export function judgeLibkrun(
  { path, version, features, problem }: LibkrunReport,
  osRelease = "",
): Finding {
  const subject = "libkrun";
  if (problem !== undefined) {
    const { detail, remedy } = problem;
    const isMissing = remedy === INSTALL_LIBKRUN;
    return bad("microVMs", subject, detail, isMissing ? installLibkrun(osRelease) : remedy);
  }
  const built = features === undefined
    ? "too old to report its features"
    : `with ${features.join(", ") || "no optional features"}`;
  return good("microVMs", subject, `${version ?? "1.x"} ${built} (${path})`);
}

export function judgeFirmware({ firmware, firmwareVersion, problem }: LibkrunReport): Finding {
  const subject = "libkrunfw";
  if (firmware) return good("microVMs", subject, `${firmwareVersion ?? "5.x"} (${firmware})`);
  const remedy = problem
    ? "install it together with libkrun"
    : "install the version that this libkrun needs, and run ldconfig";
  return bad("microVMs", subject, "the guest's kernel cannot be loaded", remedy);
}

export function judgePasst(path: string | undefined): Finding {
  if (path) return good("networking", "passt", path);
  const remedy =
    "install passt if you want the annotation krun.use_passt; other networks do not need it";
  return bad("networking", "passt", "not found", remedy);
}

/** A passt that other users could have written is reported too. */
function passtFinding(named: Given<string> | undefined): Finding {
  try {
    return judgePasst(passtPath(named));
  } catch (error) {
    return complaint("networking", "passt", error);
  }
}

function complaint(concern: Concern, subject: string, error: unknown): Finding {
  if (error instanceof SyscallError) {
    return bad(concern, subject, error.message, "correct the path, or remove it");
  }
  if (!(error instanceof HostError)) throw error;
  return bad(concern, subject, error.message.slice(0, -`; ${error.remedy}`.length), error.remedy);
}

/** @param given the permissions of the command line. */
export async function microvmFindings(user: string, given: AdministratorWord): Promise<Finding[]> {
  let word = given;
  const ofFiles: Finding[] = [];
  try {
    word = await administratorWord(given);
  } catch (error) {
    ofFiles.push(complaint("microVMs", "microvm.json", error));
  }
  word = withOwnLibrary(word);
  if (ofFiles.length === 0) ofFiles.push(...settingFindings(word));
  const libkrun = inspectLibkrun(word.library, word.defaults?.kernel);
  return [
    judgeKvm(probeKvm(), user),
    judgeLibkrun(libkrun, readText("/etc/os-release")),
    judgeFirmware(libkrun),
    passtFinding(word.defaults?.passt),
    ...ofFiles,
  ];
}
