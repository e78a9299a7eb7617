import { assertEquals, assertThrows } from "@std/assert";
import {
  MAX_SIZE,
  parseVmFile,
  readVmFile,
} from "../../../../../executors/libkrun/settings/vm_file.ts";
import { SpecError } from "../../../../../runtime/common/errors.ts";

function refusal(text: string): string {
  return assertThrows(() => parseVmFile(text), SpecError).message;
}

/** readVmFile() of a root that `fill` has filled. */
function withRoot(fill: (root: string) => void, use: (root: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "vm_file_" });
  try {
    Deno.mkdirSync(`${folder}/root`);
    Deno.writeTextFileSync(`${folder}/outside.json`, '{"cpus":9}');
    fill(`${folder}/root`);
    use(`${folder}/root`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("parseVmFile() reads the fields that crun reads", () => {
  const fields = {
    cpus: 4,
    ram_mib: 2048,
    kernel_path: "/boot/vmlinux",
    kernel_format: 1,
    initrd_path: "/boot/initrd",
    kernel_cmdline: "console=hvc0 quiet",
    virtiofs_tag: "/dev/root",
    virtiofs_shm_size: 0,
  };
  assertEquals(parseVmFile(JSON.stringify(fields)), { settings: fields, warnings: [] });
});

Deno.test("parseVmFile() passes over fields that it does not know", () => {
  assertEquals(parseVmFile('{"cpus":1,"colour":"red"}').settings, { cpus: 1 });
});

Deno.test("parseVmFile() warns of what an image may not choose", () => {
  const { settings, warnings } = parseVmFile('{"nested_virt":1,"flavor":"sev"}');
  assertEquals(settings, {});
  assertEquals(warnings, [
    ".krun_vm.json: nested_virt is ignored: an image cannot set it; set the annotation " +
    "krun.nested_virt",
    ".krun_vm.json: flavor is ignored: an image cannot set it; set the annotation krun.variant",
  ]);
});

Deno.test("parseVmFile() refuses values out of bounds with the field and the form", () => {
  assertEquals(
    refusal('{"cpus":17}'),
    ".krun_vm.json: cpus: must be an integer from 1 to 16",
  );
  assertEquals(
    refusal('{"kernel_path":"boot/vmlinux"}'),
    ".krun_vm.json: kernel_path: must be an absolute path in the image",
  );
  for (
    const text of [
      '{"cpus":"2"}',
      '{"cpus":1.5}',
      '{"ram_mib":1}',
      '{"ram_mib":18446744073709551616}',
      '{"kernel_format":6}',
      '{"kernel_cmdline":"a\\nb"}',
      '{"virtiofs_tag":""}',
      `{"virtiofs_tag":"${"x".repeat(37)}"}`,
      '{"virtiofs_shm_size":-1}',
    ]
  ) refusal(text);
});

Deno.test("parseVmFile() refuses what is no JSON object", () => {
  for (const text of ["", "[]", "null", "1", '{"cpus":']) refusal(text);
});

Deno.test("readVmFile() has nothing to say of an image without the file", () => {
  withRoot(() => {}, (root) => assertEquals(readVmFile(root), { settings: {}, warnings: [] }));
});

Deno.test("readVmFile() follows a link inside the image, and none out of it", () => {
  withRoot((root) => {
    Deno.writeTextFileSync(`${root}/vm.json`, '{"cpus":3}');
    Deno.symlinkSync("/vm.json", `${root}/.krun_vm.json`);
  }, (root) => assertEquals(readVmFile(root).settings, { cpus: 3 }));
  for (const target of ["../outside.json", "/../outside.json", "/proc/self/root/etc/passwd"]) {
    withRoot((root) => Deno.symlinkSync(target, `${root}/.krun_vm.json`), (root) => {
      assertEquals(readVmFile(root).settings, {});
    });
  }
});

Deno.test("readVmFile() refuses a file beyond the bound, a folder and a FIFO", () => {
  withRoot((root) => {
    Deno.writeTextFileSync(`${root}/.krun_vm.json`, "x".repeat(MAX_SIZE + 1));
  }, (root) => {
    assertEquals(
      assertThrows(() => readVmFile(root), SpecError).message,
      ".krun_vm.json: has more than 65536 bytes",
    );
  });
  withRoot((root) => Deno.mkdirSync(`${root}/.krun_vm.json`), (root) => {
    assertEquals(
      assertThrows(() => readVmFile(root), SpecError).message,
      ".krun_vm.json: is not a regular file",
    );
  });
  withRoot((root) => {
    new Deno.Command("mkfifo", { args: [`${root}/.krun_vm.json`] }).outputSync();
  }, (root) => void assertThrows(() => readVmFile(root), SpecError));
});
