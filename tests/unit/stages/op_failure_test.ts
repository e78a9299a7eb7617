import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { type FieldType, NO_SLOT, type Op, type OpName, OPS } from "../../../runtime/plan/op.ts";
import { opError } from "../../../runtime/stages/op_failure.ts";
import { type Finding, FOUND } from "../../../runtime/stages/op_findings.ts";
import { assertPlain, SECRET } from "../../integration/message_fixture.ts";

const LONG = `/${"x".repeat(3000)}`;

/** Lists may hold secrets: arguments, variables, options. */
const SAMPLES: Readonly<Record<FieldType, unknown>> = {
  u32: 7,
  u64: 7n,
  str: LONG,
  bytes: new TextEncoder().encode(SECRET),
  strs: [`a=${SECRET}`],
  u32s: [1, 2],
  u64s: [1n],
};

function sample(op: OpName, from = "mounts[12]"): Op {
  const fields = Object.entries(OPS[op]).map(([name, type]) => [name, SAMPLES[type as FieldType]]);
  return { op, from, ...Object.fromEntries(fields) } as Op;
}

/** What a hook wrote is told as it is, each of its streams once. */
const OF_PATHS = FOUND.filter((found) => found !== "stdout" && found !== "stderr");

Deno.test("opError() of every operation is one plain sentence, whatever failed and whatever was found", () => {
  for (const op of Object.keys(OPS) as OpName[]) {
    for (const errno of [1, 2, 7, 8, 11, 13, 17, 18, 19, 20, 22, 28, 36, 40, 110, 0x10100]) {
      for (const found of OF_PATHS) {
        const findings = Object.keys(OPS[op]).map((_, field) => (
          { field, found, text: `${LONG.slice(0, 200)}` }
        ));
        const { message } = opError(sample(op), { errno, stage: "init", findings });
        assertPlain(message);
        assertStringIncludes(message, "mounts[12]");
      }
    }
  }
});

const BIND = {
  ...sample("bind"),
  source: "/s/x",
  target: "/t/y",
  slot: NO_SLOT,
  from: "mounts[1]",
} as Op;
const SOURCE = Object.keys(OPS.bind).indexOf("source");
const TARGET = Object.keys(OPS.bind).indexOf("target");

const TOLD: readonly [errno: number, findings: Finding[], says: string][] = [
  [
    2,
    [{ field: SOURCE, found: "missing", text: "/s" }],
    'mounts[1].source: "/s/x" does not exist, "/s" is missing: no such file or directory (ENOENT)',
  ],
  [
    20,
    [
      { field: SOURCE, found: "folder", text: "/s/x" },
      { field: TARGET, found: "noFolder", text: "/t" },
    ],
    'mounts[1].destination: "/t/y": "/t" is not a directory: not a directory (ENOTDIR)',
  ],
  [
    30,
    [
      { field: SOURCE, found: "folder", text: "/s/x" },
      { field: TARGET, found: "missing", text: "/t" },
    ],
    'mounts[1].destination: "/t/y": "/t" cannot be created: read-only file system (EROFS)',
  ],
  [
    13,
    [{ field: SOURCE, found: "shut", text: "/s" }],
    'mounts[1].source: "/s/x": "/s" cannot be accessed: permission denied (EACCES)',
  ],
  [
    22,
    [],
    'mounts[1]: "/s/x" cannot be bound on "/t/y" with these options: invalid argument (EINVAL)',
  ],
];

Deno.test("opError() of a bind names the source or the target, and which part of it is wrong", () => {
  for (const [errno, findings, says] of TOLD) {
    const error = opError(BIND, { errno, stage: "init", findings });
    assert(error instanceof SpecError);
    assertEquals(error.message, says);
  }
});

Deno.test("opError() of an operation that other fields ask for leaves their place as it is", () => {
  const op = { ...BIND, from: "linux.maskedPaths" } as Op;
  const error = opError(op, { errno: 2, stage: "init", findings: TOLD[0]![1] });
  assertEquals((error as SpecError).jsonPath, "linux.maskedPaths");
});
