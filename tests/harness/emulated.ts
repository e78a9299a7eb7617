/** Whether this is an emulated host, ten to thirty times as slow as the machine; who boots one sets the variable. */
export const EMULATED = Deno.env.has("OUTER_KERNEL_RELEASE");
