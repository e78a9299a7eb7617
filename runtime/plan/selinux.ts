/**
 * `process.selinuxLabel` and `linux.mountLabel` as operations: where each label is set, and which filesystems accept one.
 * spec/checks/host_checks.ts checks whether the host has SELinux.
 */
import type { Process, Spec } from "../spec/spec.ts";
import type { Op } from "./op.ts";

/** The policy labels these itself. */
const UNLABELLED: ReadonlySet<string> = new Set(["proc", "sysfs", "mqueue", "cgroup", "cgroup2"]);

/** The options that give a new filesystem the container's label. */
export function labelOptions(spec: Spec, fstype: string): readonly string[] {
  const label = spec.linux?.mountLabel;
  return label && !UNLABELLED.has(fstype) ? [`context=${label}`] : [];
}

/** For a message queue filesystem, whose root is labelled after it is mounted. */
export function labelOps(spec: Spec, fstype: string, path: string): readonly Op[] {
  const label = spec.linux?.mountLabel;
  return label && fstype === "mqueue"
    ? [{ op: "fileLabel", path, label, from: "linux.mountLabel" }]
    : [];
}

/** Set before the session keyring is created, which would otherwise have the runtime's label. */
export function keyringLabelOps(process: Process): readonly Op[] {
  const label = process.selinuxLabel;
  return label ? [{ op: "execLabel", file: "keycreate", label, from: "process.selinuxLabel" }] : [];
}

/** The label of the program. */
export function execLabelOps(process: Process): readonly Op[] {
  const label = process.selinuxLabel;
  return label ? [{ op: "execLabel", file: "exec", label, from: "process.selinuxLabel" }] : [];
}
