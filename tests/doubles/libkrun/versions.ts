/**
 * Which of the functions that kago calls are in which libkrun: plain data. 1.17.4 is compared with a real one in
 * tests/e2e/in_microvm_host/libkrun_symbols_test.ts; the others follow from the places of libkrun's changes before or after
 * those that set a version, and from the conditions in its sources (`feature = "tee"`, `"aws-nitro"`), not from a header of each.
 */

export const VERSIONS = [
  ...["1.9.0", "1.10.1", "1.11.0", "1.12.0", "1.13.0", "1.14.0", "1.15.0", "1.16.0"],
  ...["1.17.4", "1.18.1", "1.19.0"],
] as const;
export type LibkrunVersion = typeof VERSIONS[number];

export type Flavour = "sev" | "tdx" | "awsnitro";

/** The first of these versions that has the function. */
const CAME_WITH: Readonly<Record<string, LibkrunVersion>> = {
  krun_create_ctx: "1.9.0",
  krun_set_vm_config: "1.9.0",
  krun_set_log_level: "1.9.0",
  krun_set_root: "1.9.0",
  krun_add_virtiofs: "1.9.0",
  krun_set_root_disk: "1.9.0",
  krun_set_tee_config_file: "1.9.0",
  krun_set_exec: "1.9.0",
  krun_set_console_output: "1.9.0",
  krun_set_port_map: "1.9.0",
  krun_set_gpu_options: "1.9.0",
  krun_start_enter: "1.9.0",
  krun_add_virtiofs2: "1.10.1",
  krun_add_disk2: "1.10.1",
  krun_add_vsock_port2: "1.10.1",
  krun_set_kernel: "1.11.0",
  krun_set_nested_virt: "1.11.0",
  krun_check_nested_virt: "1.12.0",
  krun_add_net_unixstream: "1.15.0",
  krun_add_net_tap: "1.15.0",
  krun_add_virtio_console_multiport: "1.17.4",
  krun_add_console_port_inout: "1.17.4",
  krun_disable_implicit_vsock: "1.17.4",
  krun_add_vsock: "1.17.4",
  krun_has_feature: "1.17.4",
  krun_add_virtiofs3: "1.18.1",
};

const FOLDERS = ["krun_set_root", "krun_add_virtiofs", "krun_add_virtiofs2", "krun_add_virtiofs3"];

/** The functions that kago calls and this build of libkrun has. */
export function functionsOf(version: LibkrunVersion, flavour?: Flavour): string[] {
  const age = VERSIONS.indexOf(version);
  const withoutFolders = flavour === "sev" || flavour === "tdx" ||
    (flavour === "awsnitro" && age >= VERSIONS.indexOf("1.19.0"));
  return Object.entries(CAME_WITH)
    .filter(([, first]) => VERSIONS.indexOf(first) <= age)
    .map(([name]) => name)
    .filter((name) => !(withoutFolders && FOLDERS.includes(name)))
    .filter((name) =>
      name !== "krun_set_tee_config_file" || flavour === "sev" || flavour === "tdx"
    );
}
