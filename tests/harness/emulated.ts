/** Whether this is an emulated host, ten to thirty times slower than the machine; its boot sets the variable. */
export const EMULATED = Deno.env.has("OUTER_KERNEL_RELEASE");
