import { unlessGone } from "./unless_gone.ts";

/** Whether the process runs; false for a zombie, and for one that is just being reaped. */
export function isAlive(pid: number): boolean {
  const status = unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/status`));
  return status !== undefined && !/^State:\t[ZX]/m.test(status);
}
