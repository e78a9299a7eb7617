import { assertEquals, assertThrows } from "@std/assert";
import type { Option } from "../../../runtime/cli/options.ts";
import { scanOptions } from "../../../runtime/cli/scan.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

const OPTIONS: readonly Option[] = [
  { name: "bundle", short: "b", kind: "string", placeholder: "DIR", default: ".", help: "" },
  { name: "no-pivot", kind: "boolean", help: "" },
  { name: "detach", short: "d", kind: "boolean", help: "" },
  { name: "force", short: "f", kind: "boolean", help: "" },
  { name: "preserve-fds", kind: "number", placeholder: "N", help: "" },
  { name: "cap", short: "c", kind: "list", placeholder: "CAP", help: "" },
];

function scan(...args: string[]) {
  return scanOptions(args, OPTIONS, "", "--help");
}

function assertUsage(args: string[], message: string) {
  assertEquals(assertThrows(() => scan(...args), UsageError).message, message);
}

Deno.test("scanOptions() gives a default for every option", () => {
  assertEquals(scan(), {
    values: {
      bundle: ".",
      noPivot: false,
      detach: false,
      force: false,
      preserveFds: undefined,
      cap: [],
    },
    positionals: [],
  });
});

Deno.test("scanOptions() takes a value in each spelling", () => {
  for (
    const args of [
      ["--bundle", "/x"],
      ["--bundle=/x"],
      ["-bundle", "/x"],
      ["-bundle=/x"],
      ["-b", "/x"],
      ["-b=/x"],
      ["-b/x"],
      ["-db/x"],
    ]
  ) assertEquals(scan(...args, "id").values.bundle, "/x", args.join(" "));
});

Deno.test("scanOptions() keeps an empty value and one that begins with a dash", () => {
  assertEquals(scan("--bundle=").values.bundle, "");
  assertEquals(scan("--bundle", "").values.bundle, "");
  assertEquals(scan("--bundle", "-x").values.bundle, "-x");
  assertEquals(scan("--bundle=a=b").values.bundle, "a=b");
});

Deno.test("scanOptions() reads booleans with a value only after an equals sign", () => {
  assertEquals(scan("--no-pivot=false").values.noPivot, false);
  assertEquals(scan("--no-pivot=T").values.noPivot, true);
  assertEquals(scan("--no-pivot", "false"), {
    values: { ...scan().values, noPivot: true },
    positionals: ["false"],
  });
  assertUsage(["--no-pivot=maybe"], 'option --no-pivot: "maybe" is neither true nor false');
});

Deno.test("scanOptions() splits a cluster of letters, and refuses it whole for one unknown", () => {
  const { values } = scan("-df");
  assertEquals([values.detach, values.force], [true, true]);
  assertUsage(["-dx"], "unknown option -dx; see --help");
});

Deno.test("scanOptions() collects a list and lets the last of the others win", () => {
  const { values } = scan("-c", "A", "--cap=B", "-b", "1", "-b", "2");
  assertEquals([values.cap, values.bundle], [["A", "B"], "2"]);
});

Deno.test("scanOptions() refuses a missing value and a number that is none", () => {
  assertUsage(["--bundle"], "flag needs an argument: --bundle DIR");
  for (const text of ["abc", "-1", "1.5", "0x10", "", "99999999999999999999"]) {
    assertUsage(
      ["--preserve-fds", text],
      `option --preserve-fds: "${text}" is not a whole number from 0`,
    );
  }
});

Deno.test("scanOptions() ends at -- and takes a lone dash as a positional", () => {
  assertEquals(scan("-", "--", "-d", "--").positionals, ["-", "-d", "--"]);
});
