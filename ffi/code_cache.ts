/**
 * Deno's cache of bytecode, an SQLite database with a write-ahead log (sqlite.org/wal.html). The only process that has the
 * database open reads the whole log when it opens it, and only the last process to close it checkpoints the log: kago's
 * processes exit without closing anything.
 */
import { isMissing } from "../runtime/common/files.ts";
import { packed } from "./packed.ts";

/** The part of `node:sqlite` that is used. An import would load Deno's Node layer at every start. */
interface Sqlite {
  readonly DatabaseSync: new (path: string) => {
    exec(sql: string): void;
    close(): void;
  };
}

/** A log up to this size is kept: to checkpoint it, Deno loads its Node layer, which takes as long as three commands. */
const LOG_LIMIT = 1 << 20;

/** Bytes; the programs of one version of kago take 3 MB. */
const CACHE_LIMIT = 32 << 20;

/**
 * Checkpoints the log when it has grown, and empties a cache that has. It does not wait for another process that uses the
 * database: the next command tries again.
 * @throws {Error} of SQLite, also when the database is in use and should be emptied.
 */
export function tidyCodeCache(): void {
  if (!packed()) return;
  const path = `${Deno.env.get("DENO_DIR")}/v8_code_cache_v2`;
  if (sizeOf(`${path}-wal`) <= LOG_LIMIT) return;
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Sqlite };
  };
  const database = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(path);
  try {
    if (sizeOf(path) > CACHE_LIMIT) database.exec("DELETE FROM codecache; VACUUM");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
}

/** Bytes; 0 for a missing file, as when there is no cache: the stub creates one only for root. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
