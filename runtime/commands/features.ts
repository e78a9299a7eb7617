/** `kago features`: the JSON of the runtime spec's features.md, from the tables that the code itself uses. */
import { unsafeAnnotations } from "../../executors/libkrun/settings/annotation_table.ts";
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { OCI_VERSION, OCI_VERSION_MIN } from "../spec/oci_version.ts";
import { HOOK_MOMENTS } from "../plan/hooks.ts";
import { knownMountOptions } from "../plan/mount_options.ts";
import { seccompFeatures } from "../seccomp/features.ts";
import { CAPABILITIES } from "../spec/capabilities.ts";
import { MEMORY_POLICY_FLAGS, MEMORY_POLICY_MODES } from "../spec/spec_linux.ts";
import { NAMESPACES } from "../spec/namespaces.ts";

export function run(_invocation: Invocation<"features">): number {
  print(`${JSON.stringify(features(), null, 2)}\n`);
  return 0;
}

/** The features of this build; missing ones are listed as missing. */
export function features() {
  const { seccomp, annotations } = seccompFeatures();
  return {
    ociVersionMin: OCI_VERSION_MIN,
    ociVersionMax: OCI_VERSION,
    hooks: HOOK_MOMENTS,
    mountOptions: knownMountOptions(),
    linux: {
      namespaces: Object.keys(NAMESPACES).sort(),
      capabilities: Object.keys(CAPABILITIES),
      cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
      seccomp,
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      memoryPolicy: { modes: MEMORY_POLICY_MODES, flags: MEMORY_POLICY_FLAGS },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    // Engines look for this name.
    annotations: { "org.opencontainers.runc.checkpoint.enabled": "true", ...annotations },
    potentiallyUnsafeConfigAnnotations: unsafeAnnotations(),
  };
}
