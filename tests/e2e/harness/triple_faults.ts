/**
 * Guests that end by a triple fault, and their VMMs with them, without a message. This sometimes happens in nested
 * emulation: `deno task test:guests` counts how often, with kago and with libkrun alone.
 */

const TRACING = "/sys/kernel/tracing";

/** Where KVM for AMD's processors is notified of a guest's triple fault. */
const PROBE = "p:kago/triple_fault shutdown_interception";

/** Makes the kernel count triple faults from now on, unless it already does. */
export function countTripleFaults(): void {
  if ([...Deno.readDirSync(TRACING)].length === 0) {
    const mount = new Deno.Command("mount", { args: ["-t", "tracefs", "tracefs", TRACING] });
    if (!mount.outputSync().success) throw new Error(`no tracefs at ${TRACING}`);
  }
  if (Deno.readTextFileSync(`${TRACING}/kprobe_events`).includes("kago/")) return;
  Deno.writeTextFileSync(`${TRACING}/kprobe_events`, PROBE);
  Deno.writeTextFileSync(`${TRACING}/events/kago/enable`, "1");
}

/** How many there were since the first call of countTripleFaults() in this boot. */
export function tripleFaults(): number {
  const profile = Deno.readTextFileSync(`${TRACING}/kprobe_profile`);
  return Number(/^\s*triple_fault\s+(\d+)/m.exec(profile)![1]);
}

/** What a failure's message contains, before the number. */
export const SENTENCE =
  "guests of this host that have ended by a triple fault since the file's tests began:";

/** Whether a triple fault may be the cause of a failure. */
export function mayBeTripleFault(problem: string): boolean {
  return new RegExp(`${SENTENCE} [1-9]`).test(problem);
}
