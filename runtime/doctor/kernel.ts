/** The kernel's version, seccomp, LSMs and user namespaces. The judgements are pure; the facts are read at the end. */
import { bad, type Finding, good } from "../finding.ts";
import { readText } from "../host_files.ts";

/** Bind mounts get their attributes by mount_setattr(2), which Linux has since 5.12. */
const OLDEST = [5, 12] as const;

/** @param memfdNoexec of /proc/sys/vm/memfd_noexec, undefined before Linux 6.3. */
export function judgeKernel(release: string, memfdNoexec?: string): Finding {
  const judge = (remedy: string, problem = "") =>
    bad("containers", "kernel", `Linux ${release}${problem}`, remedy);
  const [major = 0, minor = 0] = release.split(".").map((part) => parseInt(part, 10));
  const fits = major > OLDEST[0] || major === OLDEST[0] && minor >= OLDEST[1];
  if (!fits) return judge("boot Linux 5.12 or newer");
  if (memfdNoexec === "2") {
    return judge("sysctl vm.memfd_noexec=1", " executes no memory files (vm.memfd_noexec is 2)");
  }
  return good("containers", "kernel", `Linux ${release}`);
}

/** @param lsms of /sys/kernel/security/lsm, undefined when securityfs is not mounted. */
export function judgeLsms(lsms: string | undefined, selinuxEnforced: boolean): Finding {
  if (lsms === undefined) {
    const remedy = "mount it with `mount -t securityfs securityfs /sys/kernel/security`";
    return bad("engines", "LSMs", "unknown: securityfs is not mounted", remedy);
  }
  const names = lsms.trim().split(",").filter((name) => name !== "");
  const selinux = names.includes("selinux")
    ? [`SELinux ${selinuxEnforced ? "enforcing" : "permissive"}`]
    : [];
  return good("engines", "LSMs", [names.join(", ") || "none", ...selinux].join("; "));
}

export interface UserNamespaceFacts {
  /** /proc/sys/user/max_user_namespaces; undefined if the kernel has no user namespaces. */
  readonly most: number | undefined;
  /** Debian's and Ubuntu's switches; undefined if the kernel does not have them. */
  readonly unprivileged: string | undefined;
  readonly apparmorRestricts: string | undefined;
}

export function judgeUserNamespaces(facts: UserNamespaceFacts): Finding {
  const subject = "user namespaces";
  if (facts.most === undefined) {
    return bad("rootless", subject, "not in this kernel", "boot one with CONFIG_USER_NS");
  }
  if (facts.most === 0) {
    const remedy = "sysctl user.max_user_namespaces=10000";
    return bad("rootless", subject, "none are allowed (user.max_user_namespaces is 0)", remedy);
  }
  if (facts.unprivileged === "0") {
    const remedy = "sysctl kernel.unprivileged_userns_clone=1";
    return bad("rootless", subject, "for root only", remedy);
  }
  if (facts.apparmorRestricts === "1") {
    const remedy = "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give kago a profile";
    return bad("rootless", subject, "AppArmor denies ordinary users capabilities in them", remedy);
  }
  return good("rootless", subject, `up to ${facts.most}`);
}

export function kernelFindings(): Finding[] {
  const number = (path: string) => {
    const text = readText(path);
    return text === undefined ? undefined : Number(text);
  };
  return [
    judgeKernel(Deno.osRelease(), readText("/proc/sys/vm/memfd_noexec")?.trim()),
    judgeLsms(
      readText("/sys/kernel/security/lsm"),
      readText("/sys/fs/selinux/enforce")?.trim() === "1",
    ),
    judgeUserNamespaces({
      most: number("/proc/sys/user/max_user_namespaces"),
      unprivileged: readText("/proc/sys/kernel/unprivileged_userns_clone")?.trim(),
      apparmorRestricts: readText("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        ?.trim(),
    }),
  ];
}
