/** Whether the caller is root on the host, or has limited rights. */

/** `--rootless` on the command line. */
export type RootlessOption = "true" | "false" | "auto";

/** `auto` is rootless for an ordinary user, and for root of a user namespace, as under rootless podman. */
export function isRootless(option: RootlessOption = "auto"): boolean {
  if (option !== "auto") return option === "true";
  return Deno.uid() !== 0 || inUserNamespace();
}

/** Whether the process is outside the initial user namespace (user_namespaces(7)). */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(Deno.readTextFileSync("/proc/self/uid_map"));
}
