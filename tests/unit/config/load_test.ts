import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { loadSpec, parseProcess, parseResources, parseSpec } from "../../../runtime/config/load.ts";
import { assertSpecRejection, configWith } from "../spec/config.ts";

async function withBundle(use: (bundle: string) => Promise<void>): Promise<void> {
  const bundle = Deno.makeTempDirSync();
  try {
    await use(bundle);
  } finally {
    Deno.removeSync(bundle, { recursive: true });
  }
}

function readTestdata(name: string): string {
  return Deno.readTextFileSync(new URL(`../spec/testdata/${name}`, import.meta.url));
}

/** `runc spec` asks for ambient capabilities that are not inheritable. */
const AMBIENT =
  "process.capabilities.ambient: ignoring CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE: " +
  "only capabilities that are also permitted and inheritable can be ambient";

const ENGINES_CONFIGS: Readonly<Record<string, readonly string[]>> = {
  "podman_config.json": [],
  "runc_config.json": [AMBIENT],
  "runc_rootless_config.json": [AMBIENT],
};

for (const [name, warnings] of Object.entries(ENGINES_CONFIGS)) {
  Deno.test(`loadSpec() takes ${name} as it is`, async () => {
    await withBundle(async (bundle) => {
      const text = readTestdata(name);
      Deno.writeTextFileSync(`${bundle}/config.json`, text);
      assertEquals<unknown>(await loadSpec(bundle), {
        spec: JSON.parse(text),
        text,
        warnings: [...warnings],
      });
    });
  });
}

Deno.test("loadSpec() reads the config that is named and returns the warnings of the checks", async () => {
  await withBundle(async (bundle) => {
    const config = configWith(["mounts[0].destination", "proc"]);
    Deno.writeTextFileSync(`${bundle}/other.json`, JSON.stringify(config));
    assertEquals((await loadSpec(bundle, "other.json")).warnings, [
      'mounts[0].destination: "proc" is relative and is taken as "/proc"',
    ]);
  });
});

Deno.test("loadSpec() runs the semantic checks", async () => {
  await withBundle(async (bundle) => {
    Deno.writeTextFileSync(`${bundle}/config.json`, JSON.stringify({ ociVersion: "1.2.0" }));
    await assertSpecRejection(
      () => loadSpec(bundle),
      "root",
      "is required: the container's root filesystem",
    );
  });
});

Deno.test("loadSpec() names the missing file and what to do", async () => {
  await withBundle(async (bundle) => {
    const error = await assertRejects(() => loadSpec(bundle), SpecError);
    assertEquals(
      error.message,
      `${bundle}/config.json does not exist: make one with \`kago spec\`, ` +
        "or name the bundle with --bundle",
    );
    assertEquals(error.cause instanceof Deno.errors.NotFound, true);
  });
});

Deno.test("loadSpec() says why a file cannot be read", async () => {
  await withBundle(async (bundle) => {
    Deno.mkdirSync(`${bundle}/config.json`);
    await assertSpecRejection(
      () => loadSpec(bundle),
      "",
      `cannot read ${bundle}/config.json: is a directory (EISDIR)`,
    );
  });
});

Deno.test("loadSpec() refuses a file of more than 16 MiB without reading it", async () => {
  await withBundle(async (bundle) => {
    Deno.writeTextFileSync(`${bundle}/config.json`, "");
    Deno.truncateSync(`${bundle}/config.json`, 16 * 1024 * 1024 + 1);
    await assertSpecRejection(
      () => loadSpec(bundle),
      "",
      `${bundle}/config.json has 16777217 bytes, more than the 16777216 allowed`,
    );
  });
});

Deno.test("parseSpec() names the first problem and counts the others", async () => {
  const text = (...args: unknown[]) =>
    JSON.stringify(configWith(["process.args", args], ["hostname", "box"]));
  await assertSpecRejection(
    () => parseSpec(text(1)),
    "process.args[0]",
    "expected string, got number",
  );
  await assertSpecRejection(
    () => parseSpec(text("sh", 1, true)),
    "process.args[1]",
    "expected string, got number, and 1 more problem",
  );
  await assertSpecRejection(
    () => parseSpec(text(null, 1, {})),
    "process.args[0]",
    "expected string, got null, and 2 more problems",
  );
});

Deno.test("parseSpec() keeps properties that the spec does not name", async () => {
  const config = configWith(
    ["vendor", { a: 1 }],
    ["linux.future", [1]],
    ["hooks", { later: "x" }],
  );
  assertEquals<unknown>(await parseSpec(JSON.stringify(config)), config);
});

Deno.test("parseSpec() keeps every digit of 64-bit integers", async () => {
  const text = JSON.stringify(configWith(
    ["process.rlimits", [{ type: "RLIMIT_CORE", soft: "SOFT", hard: "HARD" }]],
    ["linux.resources.memory.limit", "LIMIT"],
  )).replace('"SOFT"', "9007199254740993").replace('"HARD"', "18446744073709551615")
    .replace('"LIMIT"', "9223372036854771712");
  const spec = await parseSpec(text);
  assertEquals(spec.process?.rlimits, [
    { type: "RLIMIT_CORE", soft: 9007199254740993n, hard: 18446744073709551615n },
  ]);
  assertEquals(spec.linux?.resources?.memory, { limit: 9223372036854771712n });
});

Deno.test("parseSpec() reads a property that is null as absent", async () => {
  const config = configWith(["hooks", null], ["process.rlimits", null], ["hostname", null]);
  assertEquals<unknown>(
    await parseSpec(JSON.stringify(config)),
    configWith(["hostname", undefined]),
  );
});

Deno.test("parseSpec() refuses a NUL in any string", async () => {
  await assertSpecRejection(
    () => parseSpec(JSON.stringify(configWith(["process.env", ["A=1", "B=\0"]]))),
    "process.env[1]",
    "has a NUL character, which no system call accepts",
  );
});

Deno.test("parseSpec() gives line and column of what is not JSON", async () => {
  const error = await assertRejects(() => parseSpec('{\n  "ociVersion": 1.2.0\n}'), SpecError);
  assertEquals(error.jsonPath, "");
  assertStringIncludes(error.message, "is not JSON: ");
  assertStringIncludes(error.message, "at line 2, column 17");
});

Deno.test("parseSpec() refuses JSON that is no object", async () => {
  await assertSpecRejection(() => parseSpec("[]"), "", "config.json: expected object, got array");
  await assertSpecRejection(() => parseSpec("null"), "", "config.json: expected object, got null");
});

Deno.test("parseProcess() names places below process", async () => {
  assertEquals(await parseProcess('{"cwd": "/", "args": ["id"]}'), { cwd: "/", args: ["id"] });
  await assertSpecRejection(() => parseProcess("{}"), "process.cwd", "is required");
  await assertSpecRejection(() => parseProcess("1"), "process", "expected object, got number");
  await assertSpecRejection(
    () => parseProcess('{"cwd": "/\\u0000"}'),
    "process.cwd",
    "has a NUL character, which no system call accepts",
  );
});

Deno.test("parseResources() names places below linux.resources", async () => {
  assertEquals(await parseResources('{"pids": {"limit": 5}}'), { pids: { limit: 5 } });
  await assertSpecRejection(
    () => parseResources('{"pids": {"limit": "5"}}'),
    "linux.resources.pids.limit",
    'expected an integer from -9223372036854775808 to 9223372036854775807, got "5"',
  );
  assertEquals(await parseResources('{"pids": {}}'), { pids: {} });
});
