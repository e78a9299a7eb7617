import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/errors.ts";
import { loadSpec, parseProcess, parseResources, parseSpec } from "../../../runtime/spec/load.ts";
import { assertSpecError, configWith } from "./config.ts";

function withBundle(use: (bundle: string) => void): void {
  const bundle = Deno.makeTempDirSync();
  try {
    use(bundle);
  } finally {
    Deno.removeSync(bundle, { recursive: true });
  }
}

function readTestdata(name: string): string {
  return Deno.readTextFileSync(new URL(`testdata/${name}`, import.meta.url));
}

for (const name of ["podman_config.json", "runc_config.json", "runc_rootless_config.json"]) {
  Deno.test(`loadSpec() takes ${name} as it is, without warnings`, () => {
    withBundle((bundle) => {
      const text = readTestdata(name);
      Deno.writeTextFileSync(`${bundle}/config.json`, text);
      assertEquals<unknown>(loadSpec(bundle), { spec: JSON.parse(text), warnings: [] });
    });
  });
}

Deno.test("loadSpec() reads the config that is named and returns the warnings of the checks", () => {
  withBundle((bundle) => {
    const config = configWith(["mounts[0].destination", "proc"]);
    Deno.writeTextFileSync(`${bundle}/other.json`, JSON.stringify(config));
    assertEquals(loadSpec(bundle, "other.json").warnings, [
      'mounts[0].destination: "proc" is relative, taken as "/proc"',
    ]);
  });
});

Deno.test("loadSpec() runs the semantic checks", () => {
  withBundle((bundle) => {
    Deno.writeTextFileSync(`${bundle}/config.json`, JSON.stringify({ ociVersion: "1.2.0" }));
    assertSpecError(
      () => loadSpec(bundle),
      "root",
      "is required: the container's root filesystem",
    );
  });
});

Deno.test("loadSpec() names the missing file and what to do", () => {
  withBundle((bundle) => {
    const error = assertThrows(() => loadSpec(bundle), SpecError);
    assertEquals(
      error.message,
      `${bundle}/config.json does not exist: make one with \`kago spec\`, ` +
        "or name the bundle with --bundle",
    );
    assertEquals(error.cause instanceof Deno.errors.NotFound, true);
  });
});

Deno.test("loadSpec() says why a file cannot be read", () => {
  withBundle((bundle) => {
    Deno.mkdirSync(`${bundle}/config.json`);
    assertSpecError(
      () => loadSpec(bundle),
      "",
      `cannot read ${bundle}/config.json: is a directory`,
    );
  });
});

Deno.test("loadSpec() refuses a file of more than 16 MiB without reading it", () => {
  withBundle((bundle) => {
    Deno.writeTextFileSync(`${bundle}/config.json`, "");
    Deno.truncateSync(`${bundle}/config.json`, 16 * 1024 * 1024 + 1);
    assertSpecError(
      () => loadSpec(bundle),
      "",
      `${bundle}/config.json has 16777217 bytes, more than the 16777216 allowed`,
    );
  });
});

Deno.test("parseSpec() names the first problem and counts the others", () => {
  const text = (...args: unknown[]) =>
    JSON.stringify(configWith(["process.args", args], ["hostname", "box"]));
  assertSpecError(
    () => parseSpec(text(1)),
    "process.args[0]",
    "expected string, got number",
  );
  assertSpecError(
    () => parseSpec(text("sh", 1, true)),
    "process.args[1]",
    "expected string, got number, and 1 more problem",
  );
  assertSpecError(
    () => parseSpec(text(null, 1, {})),
    "process.args[0]",
    "expected string, got null, and 2 more problems",
  );
});

Deno.test("parseSpec() keeps properties that the spec does not name", () => {
  const config = configWith(
    ["vendor", { a: 1 }],
    ["linux.future", [1]],
    ["hooks", { later: "x" }],
  );
  assertEquals<unknown>(parseSpec(JSON.stringify(config)), config);
});

Deno.test("parseSpec() keeps every digit of 64-bit integers", () => {
  const text = JSON.stringify(configWith(
    ["process.rlimits", [{ type: "RLIMIT_CORE", soft: "SOFT", hard: "HARD" }]],
    ["linux.resources.memory.limit", "LIMIT"],
  )).replace('"SOFT"', "9007199254740993").replace('"HARD"', "18446744073709551615")
    .replace('"LIMIT"', "9223372036854771712");
  const spec = parseSpec(text);
  assertEquals(spec.process?.rlimits, [
    { type: "RLIMIT_CORE", soft: 9007199254740993n, hard: 18446744073709551615n },
  ]);
  assertEquals(spec.linux?.resources?.memory, { limit: 9223372036854771712n });
});

Deno.test("parseSpec() reads a property that is null as absent", () => {
  const config = configWith(["hooks", null], ["process.rlimits", null], ["hostname", null]);
  assertEquals<unknown>(parseSpec(JSON.stringify(config)), configWith(["hostname", undefined]));
});

Deno.test("parseSpec() refuses a NUL in any string", () => {
  assertSpecError(
    () => parseSpec(JSON.stringify(configWith(["process.env", ["A=1", "B=\0"]]))),
    "process.env[1]",
    "has a NUL character, which no system call can take",
  );
});

Deno.test("parseSpec() gives line and column of what is not JSON", () => {
  const error = assertThrows(() => parseSpec('{\n  "ociVersion": 1.2.0\n}'), SpecError);
  assertEquals(error.jsonPath, "");
  assertStringIncludes(error.message, "not JSON: ");
  assertStringIncludes(error.message, "at line 2, column 17");
});

Deno.test("parseSpec() refuses JSON that is no object", () => {
  assertSpecError(() => parseSpec("[]"), "", "expected object, got array");
  assertSpecError(() => parseSpec("null"), "", "expected object, got null");
});

Deno.test("parseProcess() names places below process", () => {
  assertEquals(parseProcess('{"cwd": "/", "args": ["id"]}'), { cwd: "/", args: ["id"] });
  assertSpecError(() => parseProcess("{}"), "process.cwd", "is required");
  assertSpecError(() => parseProcess("1"), "process", "expected object, got number");
  assertSpecError(
    () => parseProcess('{"cwd": "/\\u0000"}'),
    "process.cwd",
    "has a NUL character, which no system call can take",
  );
});

Deno.test("parseResources() names places below linux.resources", () => {
  assertEquals(parseResources('{"pids": {"limit": 5}}'), { pids: { limit: 5 } });
  assertSpecError(
    () => parseResources('{"pids": {}}'),
    "linux.resources.pids.limit",
    "is required",
  );
});
