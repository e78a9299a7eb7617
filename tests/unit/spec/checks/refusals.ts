/** Table-driven tests of one check module: changes of the small config that it refuses, and such that pass. */
import { assertEquals } from "@std/assert";
import { checkSpec } from "../../../../runtime/spec/checks/checks.ts";
import { parseJson, stringifyJson } from "../../../../runtime/spec/json.ts";
import { parseSpec } from "../../../../runtime/config/load.ts";
import { assertSpecRejection, type Change, configWith } from "../config.ts";

export interface Refusal {
  readonly changes: readonly Change[];
  readonly jsonPath: string;
  readonly problem: string;
}

/** Warnings of the small config with changes; it must be valid by the schema. */
export async function check(...changes: readonly Change[]): Promise<string[]> {
  return checkSpec(await parseSpec(stringifyJson(configWith(...changes))));
}

/** One test for each entry, named by its fact. */
export function testRefusals(refusals: Readonly<Record<string, Refusal>>): void {
  for (const [fact, { changes, jsonPath, problem }] of Object.entries(refusals)) {
    Deno.test(`checkSpec() refuses ${fact}`, async () => {
      await assertSpecRejection(() => check(...changes), jsonPath, problem);
    });
  }
}

/** One test for each entry: no refusal, no warning. */
export function testPasses(passes: Readonly<Record<string, readonly Change[]>>): void {
  for (const [fact, changes] of Object.entries(passes)) {
    Deno.test(`checkSpec() accepts ${fact}`, async () => {
      assertEquals(await check(...changes), []);
    });
  }
}

/** A value with 64-bit integers, spelled as JSON. */
export function big(text: string): unknown {
  return parseJson(text);
}
