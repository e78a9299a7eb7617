/** Root's cache of bytecode stays small, and its log is worked off. Needs root, strace and `deno task build`. */
import { assert, assertEquals } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

const CACHE = "/run/kago/~deno/v8_code_cache_v2";

/** Where the log is worth the work (ffi/code_cache.ts). */
const LOG_LIMIT = 1 << 20;

/** A shell in a mount namespace with an empty /run: `$0` is kago. */
async function inOwnRun(script: string): Promise<string> {
  const prelude = "set -e; mount -t tmpfs tmpfs /run";
  return await runOk("unshare", ["--mount", "sh", "-c", `${prelude}; ${script}`, KAGO]);
}

Deno.test("a command that finds a long log works it off, and the next ones read no log", async () => {
  const preads = `strace -f -qq -e trace=pread64 -o /run/trace "$0" list > /run/list;
    grep -c pread64 /run/trace`;
  const size = `stat -c %s ${CACHE}-wal`;
  const script =
    `"$0" features > /run/list; "$0" list > /run/list; "$0" list > /run/list; ${size}; ${preads}`;
  const [log, reads] = (await inOwnRun(script)).trim().split("\n").map(Number);
  assert(log! <= LOG_LIMIT, `${log} bytes of log`);
  assert(reads! < 400, `${reads} reads`);
});

Deno.test("kago killed while it works the log off leaves a cache that the next one uses", async () => {
  const calls = ["fdatasync", "pwrite64", "ftruncate"];
  const killed = calls.map((call) =>
    `rm -rf /run/kago; strace -f -qq -o /run/trace -e inject=${call}:signal=KILL:when=1 -P ${CACHE} -P ${CACHE}-wal \
       "$0" features > /run/out 2>&1 || true
     "$0" features > /run/out && "$0" list > /run/out && stat -c %s ${CACHE}-wal`
  );
  const sizes = (await inOwnRun(killed.join("\n"))).trim().split("\n").map(Number);
  assertEquals(sizes.length, calls.length);
  for (const size of sizes) assert(size <= LOG_LIMIT, `${size} bytes of log`);
});

Deno.test("a cache that has outgrown its use is emptied, unless it is being read", async () => {
  const fill = `
    import { DatabaseSync } from "node:sqlite";
    const [path, bytes, held] = Deno.args;
    const database = new DatabaseSync(path);
    const insert = database.prepare("INSERT INTO codecache VALUES (?, 0, 0, ?)");
    insert.run(crypto.randomUUID(), new Uint8Array(Number(bytes)));
    if (held) database.exec("BEGIN; SELECT count(*) FROM codecache");
    const { code } = new Deno.Command(held ?? Deno.env.get("KAGO"), { args: ["list"] }).outputSync();
    console.log(code, Deno.statSync(path).size);`;
  const script = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(script, fill);
    const filled = (bytes: number, reader = "") =>
      `KAGO="$0" ${Deno.execPath()} run -A --quiet ${script} ${CACHE} ${bytes} ${reader}`;
    const inside = [
      '"$0" list > /run/list',
      filled(40 << 20, '"$0"'),
      filled(LOG_LIMIT * 2),
    ];
    const lines = (await inOwnRun(inside.join("\n"))).trim().split("\n");
    const [read, emptied] = lines.map((line) => line.split(" ").map(Number));
    assertEquals([read![0], emptied![0]], [0, 0]);
    assert(read![1]! > 40 << 20, lines.join());
    assert(emptied![1]! < 4 << 20, lines.join());
  } finally {
    await Deno.remove(script);
  }
});
