/**
 * The script of the lasting containers: a shell that reacts to signals at once, so that no engine waits for its own
 * timeout, and that uses no processor time meanwhile.
 */
export const LASTING_SCRIPT =
  "trap 'echo bye; exit 3' TERM; trap 'echo told' USR1; echo up; while :; do sleep 1000 & wait; done";

/**
 * Seconds between the stop signal and SIGKILL. The engines' default of ten is for a machine that is neither busy nor
 * emulated; a container that reacts to the signal stops as fast as before.
 */
export const GRACE = 60;
