/** The folders of the build. */

/** The repository's root, without a trailing slash. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Intermediate results; safe to delete. */
export const BUILD = `${ROOT}/build`;

/** The finished product. */
export const DIST = `${ROOT}/dist`;

/** The folder into which npm installs scripts/tools/package-lock.json. */
export const TOOLS = `${BUILD}/tools`;

/** The bundle with all commands, and the partial ones (quick.ts). */
export const BUNDLES = {
  whole: `${BUILD}/kago.js`,
  quick: `${BUILD}/kago_quick.js`,
  exec: `${BUILD}/kago_exec.js`,
  create: `${BUILD}/kago_create.js`,
  microvm: `${BUILD}/kago_microvm.js`,
} as const;
