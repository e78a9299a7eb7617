import { unlessGone } from "./unless_gone.ts";

/** Does the process run? A zombie, and one that is just being reaped, does not. */
export function isAlive(pid: number): boolean {
  const status = unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/status`));
  return status !== undefined && !/^State:\t[ZX]/m.test(status);
}
