/**
 * Deno's cache of bytecode, an SQLite database with a write-ahead log (sqlite.org/wal.html). Whoever is alone with it reads
 * the whole log when it opens the database, and only who closes the database last works the log off: kago's processes end
 * without closing anything.
 */
import { isMissing } from "../runtime/common/files.ts";
import { packed } from "./packed.ts";

/** What of `node:sqlite` is used here. An import would load Deno's Node layer at every start. */
interface Sqlite {
  readonly DatabaseSync: new (path: string) => {
    exec(sql: string): void;
    close(): void;
  };
}

/** Bytes of log that are not worth the work, for which Deno loads its Node layer: as long as three commands take. */
const LOG_LIMIT = 1 << 20;

/** Bytes; the programs of one version of kago take 3 MB. */
const CACHE_LIMIT = 32 << 20;

/**
 * Works the log off when it has grown, and empties a cache that has. Another process that uses the database is not waited
 * for: the next command tries it again.
 * @throws {Error} SQLite's, also when the database is in use and would be emptied.
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

/** Bytes; 0 for a file that is not there, as where there is no cache: the stub gives one to root alone. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
