/** `kago features` against the specification's own schema, which stands beside the repository, and against the code. */
import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { features } from "../../../runtime/commands/features.ts";
import { parseMountOptions } from "../../../runtime/plan/mount_options.ts";
import { accepts } from "../../../runtime/spec/schema/accepts.ts";
import { linuxRule } from "../../../runtime/spec/schema/linux.ts";

const FOLDER = new URL("../../../../shared/oci/schema/", import.meta.url);

/** A schema of draft 4; all that it uses means the same in draft 7, which ajv knows. */
function readSchema(name: string): Record<string, unknown> {
  const { $schema: _, ...schema } = JSON.parse(Deno.readTextFileSync(new URL(name, FOLDER)));
  return schema;
}

/** The validator of features-schema.json, with the files that it refers to. */
function featuresValidator() {
  const ajv = new Ajv({ strict: false });
  for (const name of ["defs.json", "defs-linux.json", "features-linux.json"]) {
    ajv.addSchema(readSchema(name), name);
  }
  return ajv.compile(readSchema("features-schema.json"));
}

Deno.test("features() is what the specification's schema describes", () => {
  const validate = featuresValidator();
  assert(validate(features()), JSON.stringify(validate.errors));
});

Deno.test("the schema refuses features of another shape, so that it says something about ours", () => {
  const validate = featuresValidator();
  const { linux, ...rest } = features();
  const wrong: unknown[] = [
    linux,
    { ...rest, ociVersionMax: 1 },
    { ...rest, linux: { ...linux, namespaces: ["disk"] } },
    { ...rest, linux: { ...linux, selinux: { enabled: "yes" } } },
    { ...rest, linux: { ...linux, seccomp: { ...linux.seccomp, actions: ["SCMP_ACT_NONE"] } } },
  ];
  assertEquals(wrong.map((value) => validate(value)), wrong.map(() => false));
});

Deno.test("features() names mount options that the plan takes from the filesystem's data", () => {
  const names = features().mountOptions;
  assertEquals(names, [...new Set(names)].sort());
  const data = names.flatMap((name) => parseMountOptions([name]).data);
  // Flags of the superblock, which fsconfig(2) takes under their names.
  assertEquals(data.sort(), ["dirsync", "lazytime", "mand", "sync"]);
});

Deno.test("features() names modes, flags and namespaces that config.json may have", () => {
  const { namespaces, memoryPolicy } = features().linux;
  for (const type of namespaces) assert(accepts(linuxRule, { namespaces: [{ type }] }), type);
  for (const mode of memoryPolicy.modes) assert(accepts(linuxRule, { memoryPolicy: { mode } }));
  assert(accepts(linuxRule, { memoryPolicy: { mode: "MPOL_BIND", flags: memoryPolicy.flags } }));
});
