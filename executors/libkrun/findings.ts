/** What a microVM takes: a KVM that runs guests, libkrun and its kernel, passt. */
import { inspectLibkrun, INSTALL_LIBKRUN, type LibkrunReport } from "../../ffi/libkrun.ts";
import { probeKvm } from "../../ffi/shim.ts";
import { type AdministratorWord, administratorWord } from "../../runtime/administrator.ts";
import { describeErrno, HostError } from "../../runtime/common/errors.ts";
import { readText } from "../../runtime/host_files.ts";
import { bad, type Finding, good } from "../../runtime/finding.ts";
import { findOwnProgram, withOwnLibrary } from "../../runtime/own_files.ts";
import { installLibkrun } from "./distribution.ts";
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

export function judgeFirmware({ firmware, problem }: LibkrunReport): Finding {
  const subject = "libkrunfw";
  if (firmware) return good("microVMs", subject, firmware);
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

/** One that came with kago, and that others could have written, is an answer too. */
function passtFinding(): Finding {
  try {
    return judgePasst(findOwnProgram("passt"));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const detail = error.message.slice(0, -`; ${error.remedy}`.length);
    return bad("networking", "passt", detail, error.remedy);
  }
}

export function microvmFindings(user: string, word: AdministratorWord): Finding[] {
  const libkrun = inspectLibkrun(withOwnLibrary(administratorWord(word)).library);
  return [
    judgeKvm(probeKvm(), user),
    judgeLibkrun(libkrun, readText("/etc/os-release")),
    judgeFirmware(libkrun),
    passtFinding(),
  ];
}
