/** Where the build reads and writes. Owns the names of folders, nothing else. */

/** The repository's root, without a slash at its end. */
export const ROOT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** Intermediate results; safe to delete. */
export const BUILD = `${ROOT}/build`;

/** The finished product. */
export const DIST = `${ROOT}/dist`;

/** The folder that npm fills from scripts/tools/package-lock.json. */
export const TOOLS = `${BUILD}/tools`;
