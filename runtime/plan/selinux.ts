/**
 * `process.selinuxLabel` and `linux.mountLabel` as operations: which labels go where, and which filesystems take one.
 * Whether the host has SELinux is checked in spec/checks/host_checks.ts.
 */
import type { Process, Spec } from "../spec/spec.ts";
import type { Op } from "./op.ts";

/** They have labels of the policy's own. */
const UNLABELLED: ReadonlySet<string> = new Set(["proc", "sysfs", "mqueue", "cgroup", "cgroup2"]);

/** The options that give a new filesystem the container's label. */
export function labelOptions(spec: Spec, fstype: string): readonly string[] {
  const label = spec.linux?.mountLabel;
  return label && !UNLABELLED.has(fstype) ? [`context=${label}`] : [];
}

/** What a message queue filesystem needs, whose root is labelled once it is there. */
export function labelOps(spec: Spec, fstype: string, path: string): readonly Op[] {
  const label = spec.linux?.mountLabel;
  return label && fstype === "mqueue"
    ? [{ op: "fileLabel", path, label, from: "linux.mountLabel" }]
    : [];
}

/** Before the session keyring is made, which would have the runtime's label. */
export function keyringLabelOps(process: Process): readonly Op[] {
  const label = process.selinuxLabel;
  return label ? [{ op: "execLabel", file: "keycreate", label, from: "process.selinuxLabel" }] : [];
}

/** The label of the program. */
export function execLabelOps(process: Process): readonly Op[] {
  const label = process.selinuxLabel;
  return label ? [{ op: "execLabel", file: "exec", label, from: "process.selinuxLabel" }] : [];
}
