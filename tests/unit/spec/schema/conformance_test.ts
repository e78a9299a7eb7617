/** The spec's own samples, which stand beside the repository: not everything in `good` makes sense, but all is valid. */
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { SpecError } from "../../../../runtime/common/errors.ts";
import { parseJson } from "../../../../runtime/spec/json.ts";
import { parseSpec } from "../../../../runtime/config/load.ts";

const SAMPLES = new URL("../../../../../shared/oci/schema/test/config/", import.meta.url);

/** What the specification's own tests name as wrong, by file. */
const BAD: Readonly<Record<string, string>> = {
  "invalid-json.json": "",
  "linux-hugepage.json": "linux.resources.hugepageLimits[0].pageSize",
  "linux-netdevice.json": "linux.netDevices.eth0.name",
  "linux-rdma.json": "linux.resources.rdma.mlx5_1.hcaHandles",
};

function sampleNames(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, SAMPLES))].map(({ name }) => name).sort();
}

function readSample(name: string): string {
  return Deno.readTextFileSync(new URL(name, SAMPLES));
}

Deno.test("parseSpec() accepts every good sample of the specification unchanged", async () => {
  const names = sampleNames("good");
  assertEquals(names.length >= 5, true);
  for (const name of names) {
    const text = readSample(`good/${name}`);
    assertEquals<unknown>(await parseSpec(text), parseJson(text), name);
  }
});

Deno.test("parseSpec() refuses every bad sample of the specification at the right place", async () => {
  assertEquals(sampleNames("bad"), Object.keys(BAD));
  for (const [name, jsonPath] of Object.entries(BAD)) {
    const error = await assertRejects(() => parseSpec(readSample(`bad/${name}`)));
    assertInstanceOf(error, SpecError);
    assertEquals(error.jsonPath, jsonPath, name);
  }
});
