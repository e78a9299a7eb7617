/** Does the process run? A zombie, and one whose files say ESRCH since it is just being reaped, does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Error && error.message.includes("(os error 3)")) return false;
    throw error;
  }
}
