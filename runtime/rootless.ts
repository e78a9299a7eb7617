/** Whether the caller has root's rights over the host, or is somebody for whom parts of it are closed. */

/** `--rootless` of the command line. */
export type RootlessOption = "true" | "false" | "auto";

/** By itself: an ordinary user, or root of nothing but a user namespace (rootless podman runs its runtime so). */
export function isRootless(option: RootlessOption = "auto"): boolean {
  if (option !== "auto") return option === "true";
  return Deno.uid() !== 0 || inUserNamespace();
}

/** Whether the process is in a user namespace that is not the host's first (user_namespaces(7)). */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(Deno.readTextFileSync("/proc/self/uid_map"));
}
