/** The name by which kago was started: `krun` makes microVMs the default. */

/** Basename of argv[0], which the kernel keeps in /proc/self/cmdline. */
export function invokedAs(): string {
  const argv0 = Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0]!;
  return argv0.slice(argv0.lastIndexOf("/") + 1);
}
