/**
 * denort's bytecode of kago's programs: only in folders that are root's alone, one file for each program, and used. Needs
 * root and strace; `deno task test:compiled` runs it.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { packInputs } from "../harness/pack_inputs.ts";
import { run, runOk } from "../harness/run.ts";
import { packWithCompile } from "../../scripts/build/compile_pack.ts";
import { readParts } from "../../scripts/build/pack.ts";
import { COMPILER } from "../integration/packed_probe.ts";

const FOLDER = "/run/kago/~deno";

/** A command of each program, which has no effect. */
const COMMANDS = {
  quick: "list",
  exec: "exec nobody true",
  create: "--version",
  microvm: "--handler krun create --bundle /nowhere nobody",
  whole: "features",
} as const;

/** A shell in a mount namespace with an empty /run: `$0` is kago. */
async function inOwnRun(script: string): Promise<string> {
  const prelude = "set -e; mount -t tmpfs tmpfs /run";
  return await runOk("unshare", ["--mount", "sh", "-c", `${prelude}; ${script}`, KAGO]);
}

Deno.test("each program has its bytecode in a folder of root's, and its next start uses it", async () => {
  for (const [program, command] of Object.entries(COMMANDS)) {
    const file = `${FOLDER}/${program}/deno-compile-kago.cache`;
    const use = `"$0" ${command} > /run/out 2>&1 || true`;
    const script = `${use}; stat -c '%s %u %i' ${file}; stat -c %a ${FOLDER}/${program}
      strace -f -qq -e trace=openat,rename -o /run/trace "$0" ${command} > /run/out 2>&1 || true
      stat -c '%s %u %i' ${file}; grep -c '${file}"' /run/trace; cat /run/trace`;
    const [first, mode, second, opened, ...trace] = (await inOwnRun(script)).split("\n");
    assertEquals(mode, "700");
    assert(Number(first!.split(" ")[0]) > 20_000, first);
    // Another inode would be a file written again, because denort could not use this one.
    assertEquals(second, first);
    assertEquals(opened, "1", trace.join("\n"));
  }
});

/** Makes a copy of kago in whose strings for denort the log is not off; the stub's offsets stay. */
const LOUD = `LC_ALL=C sed -z 's/^DENO_LOG=off$/DENO_LOG=debug/;
  s/^DENO_NO_UPDATE_CHECK=1$/DENO_NO_UPDATE_CHE=1/' "$0" > /run/loud/kago; chmod 755 /run/loud/kago`;

Deno.test("V8 stores a program's bytecode at its first start, and accepts it at the next", async () => {
  const list = "/run/loud/kago list 2>&1 | grep 'V8 code cache'";
  const lines = (await inOwnRun(`mkdir /run/loud; ${LOUD}; ${list}; ${list}`)).trim().split("\n");
  // It would be updated again if it had been rejected.
  assertEquals(lines.length, 2, lines.join("\n"));
  assertMatch(lines[0]!, /Updating V8 code cache for script: file:\/\/\/kago\/[0-9a-f]{32},/);
  assertMatch(lines[1]!, /V8 code cache hit for script: file:\/\/\/kago\/[0-9a-f]{32},/);
});

Deno.test("a kago that follows another replaces its bytecode, once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const inputs = packInputs(folder);
    const programs = [];
    for (const version of ["1.0", "1.1"]) {
      for (const file of Object.values(inputs)) {
        await Deno.writeTextFile(file, `console.log("${version}")`);
      }
      const program = `${folder}/${version}/kago`;
      await packWithCompile(await readParts(inputs), program, Deno.env.toObject(), COMPILER);
      programs.push(program);
    }
    const inode = `stat -c %i ${FOLDER}/quick/deno-compile-kago.cache`;
    const [old, kago] = programs;
    const script = [old, kago, kago].map((program) => `${program} list; ${inode}`).join("\n");
    const [first, one, second, two, third, three] = (await inOwnRun(script)).split("\n");
    assertEquals([first, second, third], ["1.0", "1.1", "1.1"]);
    assertNotEquals(two, one);
    assertEquals(three, two);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a file of bytecode that is damaged is written again", async () => {
  const file = `${FOLDER}/quick/deno-compile-kago.cache`;
  const script = `"$0" list > /run/out; stat -c %s ${file}
    head -c 1000 ${file} > /run/short; cp /run/short ${file}
    "$0" list; stat -c %s ${file}; dd if=/dev/zero of=${file} bs=1 count=8 conv=notrunc status=none
    "$0" list; stat -c %s ${file}`;
  const lines = (await inOwnRun(script)).trim().split("\n");
  const sizes = lines.filter((line) => /^\d+$/.test(line));
  assertEquals(sizes.length, 3);
  assertEquals(new Set(sizes).size, 1, lines.join("\n"));
  assertEquals(lines.filter((line) => line.startsWith("ID")).length, 2, lines.join("\n"));
});

Deno.test("a user who is not root reads and writes no bytecode, whatever TMPDIR says", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.chmod(folder, 0o777);
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const trace = ["-f", "-qq", "-e", "trace=openat", "-o", `${folder}/trace`];
    const { stdout } = await run("strace", [...trace, ...nobody, KAGO, "--version"], {
      env: { TMPDIR: folder },
    });
    assertStringIncludes(stdout, "kago version");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["trace"]);
    // No file can exist there.
    const calls = await Deno.readTextFile(`${folder}/trace`);
    const tried = [...calls.matchAll(/"([^"]*)\/deno-compile-kago\.[^"]*"/g)];
    assertEquals([...new Set(tried.map(([, parent]) => parent))], ["/proc/kago"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a folder of bytecode that others can write is not used", async () => {
  const script = `"$0" list > /run/out; rm ${FOLDER}/quick/*; chmod 777 ${FOLDER}/quick
    "$0" list > /run/out; ls ${FOLDER}/quick | wc -l`;
  assertEquals(await inOwnRun(script), "0\n");
});
