/**
 * What the lasting containers run: a shell that heeds signals at once, so that no engine waits for its own patience to end, and
 * that costs nothing meanwhile.
 */
export const LASTING_SCRIPT =
  "trap 'echo bye; exit 3' TERM; trap 'echo told' USR1; echo up; while :; do sleep 1000 & wait; done";

/**
 * Seconds between the signal that asks a container to stop and SIGKILL. The engines' own ten are for a machine that is
 * neither busy nor emulated; what heeds the signal is as quick as ever.
 */
export const GRACE = 60;
