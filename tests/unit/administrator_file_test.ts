import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseDefaults } from "../../runtime/administrator_file.ts";
import { HostError } from "../../runtime/common/errors.ts";

const FILE = "/etc/kago/microvm.json";

Deno.test("parseDefaults() has every key with the place that it comes from", async () => {
  const all = {
    libkrun: "/opt/k/libkrun.so.1",
    kernel: "/opt/k/libkrunfw.so.5",
    passt: "/opt/k/passt",
    cpus: 16,
    ramMib: 128,
    logLevel: 0,
    network: "none",
    disks: ["/a.img", "/b.qcow2:qcow2:ro"],
    daxWindow: 0,
    imageKeys: [],
    allowAnnotations: ["krun.tap_name", "org.systemd.property."],
  };
  const expected = Object.entries(all)
    .map(([key, value]) => [key, { value, from: `${FILE}: ${key}` }]);
  assertEquals(await parseDefaults(JSON.stringify(all)), Object.fromEntries(expected));
  assertEquals(await parseDefaults("{}"), {});
});

Deno.test("parseDefaults() says in one sentence which value is wrong, and what it may be", async () => {
  const wrong: Record<string, string> = {
    "{": "is not JSON",
    "[]": "expected object, got array",
    "null": "expected object, got null",
    '{"libkrn":"/x"}':
      "libkrn is an unknown key; the keys are libkrun, kernel, passt, cpus, ramMib,",
    '{"libkrun":"libkrun.so.1"}':
      'libkrun: expected the absolute path of a library, got "libkrun.so.1"',
    '{"libkrun":"/a\\u0000b"}': "libkrun: expected the absolute path of a library",
    '{"kernel":1}': "kernel: expected the absolute path of a libkrunfw",
    '{"passt":"passt"}': 'passt: expected the absolute path of a program, got "passt"',
    '{"cpus":17}': "cpus: expected an integer from 1 to 16, got 17",
    '{"ramMib":127}': "ramMib: expected an integer from 128 to 1048576, got 127",
    '{"ramMib":99999999999999999999}': "ramMib: expected an integer from 128 to 1048576",
    '{"ramMib":"512"}': 'ramMib: expected an integer from 128 to 1048576, got "512"',
    '{"logLevel":6}': "logLevel: expected an integer from 0 to 5, got 6",
    '{"network":"tap"}': 'network: expected one of tsi, passt, none, got "tap"',
    '{"disks":["/a","b"]}': "disks[1]: expected PATH[:raw|:qcow2][:ro] with an absolute path",
    '{"daxWindow":-1}': "daxWindow: expected an integer from 0 to 1099511627776, got -1",
    '{"imageKeys":["gpu_flags"]}': "imageKeys[0]: expected one of cpus, ram_mib, virtiofs_shm_size",
    '{"allowAnnotations":"krun.tap_name"}': "allowAnnotations: expected array, got string",
    '{"allowAnnotations":[1]}': "allowAnnotations[0]: expected the name of an annotation",
    '{"allowAnnotations":["."]}': "allowAnnotations[0]: expected the name of an annotation",
    '{"allowAnnotations":[""]}': "allowAnnotations[0]: expected the name of an annotation",
  };
  for (const [text, problem] of Object.entries(wrong)) {
    const { message, remedy } = await assertRejects(() => parseDefaults(text), HostError);
    assertStringIncludes(message, FILE);
    assertStringIncludes(message, problem);
    assertEquals(remedy, "correct the file, or remove it");
  }
});
