import { assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { chooseSettings } from "../../../../../executors/libkrun/settings/choices.ts";
import { readVmSettings as readWithWord } from "../../../../../executors/libkrun/settings/settings.ts";
import type { VmFile } from "../../../../../executors/libkrun/settings/vm_file.ts";
import type { AdministratorWord } from "../../../../../runtime/administrator.ts";
import { SpecError } from "../../../../../runtime/common/errors.ts";
import type { Spec } from "../../../../../runtime/spec/spec.ts";
import { given } from "../../../../../runtime/common/given.ts";

function specWith(annotations: Record<string, string>, linux?: Spec["linux"]): Spec {
  return { ociVersion: "1.2.0", annotations, ...given({ linux }) };
}

const KERNEL = { kernel_path: "/vmlinuz", kernel_format: 1 } as const;

/** With the administrator's permission for everything, unless the test is about it. */
function readVmSettings(
  spec: Spec,
  id: string,
  vmFile: VmFile = {},
  word: AdministratorWord = { allowed: ["krun.", "virtiofs_tag"] },
) {
  return readWithWord(spec, id, vmFile, word);
}

function refusal(name: string, value: string): string {
  const error = assertThrows(() => readVmSettings(specWith({ [name]: value }), "c"), SpecError);
  assertEquals(error.jsonPath, `annotations["${name}"]`);
  return error.message;
}

Deno.test("readVmSettings() gives a bundle that says nothing 1 vCPU, 1 GiB and errors in the log", () => {
  assertEquals(readVmSettings({ ociVersion: "1.2.0" }, "c"), {
    cpus: 1,
    ramMib: 1024,
    logLevel: 1,
    agent: true,
  });
});

Deno.test("readVmSettings() reads the numbers, and has the administrator's library", () => {
  const spec = specWith({
    "krun.cpus": "4",
    "krun.ram_mib": "512",
    "krun.log_level": "0",
  });
  const library = { path: "/opt/krun/lib/libkrun.so.1", from: "--libkrun" };
  assertEquals(readVmSettings(spec, "c", {}, { library, allowed: [] }), {
    cpus: 4,
    ramMib: 512,
    logLevel: 0,
    agent: true,
    library,
  });
});

Deno.test("readVmSettings() prefers annotations to the spec's limits", () => {
  const linux = { resources: { cpu: { cpus: "0-7" }, memory: { limit: 2 ** 32 } } };
  const spec = specWith({ "krun.cpus": "2", "krun.ram_mib": "128" }, linux);
  const { cpus, ramMib } = readVmSettings(spec, "c");
  assertEquals({ cpus, ramMib }, { cpus: 2, ramMib: 128 });
});

Deno.test("readVmSettings() gives as many vCPUs as the caller has processors where nothing says how many", () => {
  const cpusOf = (spec: Spec, vmFile: VmFile = {}) =>
    chooseSettings(spec, vmFile, {}, () => 6).cpus.value;
  assertEquals(cpusOf(specWith({})), 6);
  assertEquals(cpusOf(specWith({}, { resources: { cpu: { quota: 250_000 } } })), 3);
  assertEquals(cpusOf(specWith({}), { cpus: 8 }), 8);
  assertEquals(cpusOf(specWith({ "krun.cpus": "9" }), { cpus: 8 }), 9);
});

Deno.test("readVmSettings() accepts both ends of each range", () => {
  const least = { "krun.cpus": "1", "krun.ram_mib": "128", "krun.log_level": "0" };
  const agent = true;
  const most = { "krun.cpus": "16", "krun.ram_mib": "1048576", "krun.log_level": "5" };
  assertEquals(readVmSettings(specWith(least), "c"), { cpus: 1, ramMib: 128, logLevel: 0, agent });
  assertEquals(readVmSettings(specWith(most), "c"), {
    cpus: 16,
    ramMib: 1048576,
    logLevel: 5,
    agent,
  });
});

Deno.test("readVmSettings() refuses numbers out of range and names the range", () => {
  assertEquals(
    refusal("krun.cpus", "17"),
    'annotations["krun.cpus"]: is "17", must be an integer from 1 to 16',
  );
  refusal("krun.cpus", "0");
  refusal("krun.ram_mib", "127");
  refusal("krun.ram_mib", "1048577");
  refusal("krun.ram_max_mib", "127");
  refusal("krun.log_level", "6");
});

Deno.test("readVmSettings() refuses what is no decimal integer", () => {
  for (const text of ["", " 2", "2 ", "-1", "+1", "1.5", "0x2", "2cpus", "1e1", "9".repeat(30)]) {
    refusal("krun.cpus", text);
  }
});

Deno.test("readVmSettings() refuses a library that an annotation names, whatever is allowed", () => {
  const says =
    'annotations["krun.libkrun.path"]: is not allowed, because an image can set it: name the ' +
    "library with kago's option --libkrun FILE, or as libkrun in /etc/kago/microvm.json";
  assertEquals(refusal("krun.libkrun.path", "/usr/lib/libkrun.so.1"), says);
  assertEquals(refusal("krun.libkrun.path", ""), says);
});

Deno.test("readVmSettings() refuses what takes the administrator's permission and has not got it", () => {
  const values = {
    "krun.nested_virt": "1",
    "krun.tap_name": "tap0",
    "krun.gpu_flags": "64",
    "krun.custom_kernel": "1",
  };
  for (const [name, value] of Object.entries(values)) {
    const read = (...allowed: string[]) =>
      readVmSettings(specWith({ [name]: value }), "c", KERNEL, { allowed });
    const { jsonPath, message } = assertThrows(() => read("krun.cpus"), SpecError);
    assertEquals(jsonPath, `annotations["${name}"]`);
    assertStringIncludes(message, `--allow-annotation ${name}`);
    assertStringIncludes(message, "allowAnnotations of /etc/kago/microvm.json");
    read(name);
  }
});

Deno.test("readVmSettings() refuses a tag of the root that the image chooses, unless it is allowed", () => {
  const read = (...allowed: string[]) =>
    readVmSettings(specWith({}), "c", { virtiofs_tag: "/dev/root" }, { allowed });
  const { jsonPath, message } = assertThrows(() => read(), SpecError);
  assertEquals(jsonPath, ".krun_vm.json: virtiofs_tag");
  assertStringIncludes(message, "--allow-annotation virtiofs_tag");
  assertEquals(read("virtiofs_tag").rootTag, "/dev/root");
});

Deno.test("readVmSettings() refuses a flavour that there is not", () => {
  assertEquals(
    refusal("krun.variant", "cca"),
    'annotations["krun.variant"]: is "cca", must be sev or tdx or aws-nitro',
  );
});

Deno.test("readVmSettings() ignores annotations that it does not know", () => {
  assertEquals(readVmSettings(specWith({ "krun.colour": "red" }), "c").cpus, 1);
});

Deno.test("readVmSettings() follows the image's file where no annotation says otherwise", () => {
  const vmFile = { cpus: 2, ram_mib: 300, virtiofs_tag: "root", virtiofs_shm_size: 4096 };
  assertEquals(readVmSettings(specWith({ "krun.ram_mib": "256" }), "c", vmFile), {
    cpus: 2,
    ramMib: 256,
    logLevel: 1,
    rootTag: "root",
    daxWindow: 4096,
  });
});

Deno.test("readVmSettings() takes a kernel of the image when the annotation allows it", () => {
  const vmFile = {
    kernel_path: "/boot/vmlinux",
    kernel_format: 1,
    initrd_path: "/boot/initrd",
    kernel_cmdline: "quiet",
  };
  const allowed = specWith({ "krun.custom_kernel": "1" });
  assertEquals(readVmSettings(allowed, "c", vmFile).kernel, {
    path: "/boot/vmlinux",
    format: 1,
    initrd: "/boot/initrd",
    cmdline: "quiet",
  });
  assertEquals(readVmSettings(specWith({}), "c", vmFile).kernel, undefined);
  assertEquals(
    readVmSettings(specWith({ "krun.custom_kernel": "0" }), "c", vmFile).kernel,
    undefined,
  );
});

Deno.test("readVmSettings() refuses a custom kernel that the image does not name", () => {
  assertEquals(
    refusal("krun.custom_kernel", "1"),
    'annotations["krun.custom_kernel"]: needs kernel_path and kernel_format in the image\'s ' +
      "/.krun_vm.json",
  );
});

Deno.test("readVmSettings() reads disks, sockets, ports, console and the processor's extras", () => {
  const spec = specWith({
    "krun.disk": "/a.img,/b:ro,/c.qcow2:qcow2:ro",
    "krun.vsock": "1024=/run/a.sock,listen:4294967294=/run/b=c.sock",
    "krun.port_map": "8080:80,443:443",
    "krun.console": "/var/log/console",
    "krun.nested_virt": "1",
    "krun.gpu_flags": "64",
  });
  assertEquals(readVmSettings(spec, "c"), {
    cpus: 1,
    ramMib: 1024,
    logLevel: 1,
    agent: true,
    portMap: ["8080:80", "443:443"],
    vsockPorts: [
      { port: 1024, path: "/run/a.sock", listen: false },
      { port: 4294967294, path: "/run/b=c.sock", listen: true },
    ],
    disks: [
      { path: "/a.img", format: "raw", readOnly: false },
      { path: "/b", format: "raw", readOnly: true },
      { path: "/c.qcow2", format: "qcow2", readOnly: true },
    ],
    console: "/var/log/console",
    nestedVirt: true,
    gpuFlags: 64,
  });
  assertEquals(readVmSettings(specWith({ "krun.port_map": "" }), "c").portMap, []);
});

Deno.test("readVmSettings() gives a TAP interface an address of the container's own", () => {
  const spec = specWith({ "krun.tap_name": "tap0" });
  const one = readVmSettings(spec, "one").network;
  assertEquals(one, { kind: "tap", name: "tap0", mac: "ae:5c:ca:21:19:aa" });
  assertNotEquals(readVmSettings(spec, "two").network, one);
});

Deno.test("readVmSettings() reads passt, and takes 0 for no", () => {
  assertEquals(readVmSettings(specWith({ "krun.use_passt": "1" }), "c").network, { kind: "passt" });
  assertEquals(readVmSettings(specWith({ "krun.use_passt": "0" }), "c").network, undefined);
  const mapped = readVmSettings(
    specWith({ "krun.use_passt": "1", "krun.port_map": "80:8080" }),
    "c",
  );
  assertEquals(mapped.network, { kind: "passt", ports: ["80:8080"] });
  assertEquals(mapped.portMap, undefined);
});

Deno.test("readVmSettings() refuses annotations that are at odds", () => {
  const refused = (annotations: Record<string, string>) =>
    assertThrows(() => readVmSettings(specWith(annotations), "c"), SpecError).jsonPath;
  const passt = { "krun.use_passt": "1" };
  assertEquals(
    refused({ ...passt, "krun.tap_name": "tap0" }),
    'annotations["krun.tap_name"]',
  );
  assertEquals(
    refused({ "krun.tap_name": "tap0", "krun.port_map": "1:1" }),
    'annotations["krun.port_map"]',
  );
  for (const egress of ["run.kago.egress", "krun.egress"]) {
    assertEquals(
      refused({ "krun.tap_name": "tap0", [egress]: "*" }),
      'annotations["krun.tap_name"]',
    );
  }
  assertEquals(
    refused({ "krun.vsock": "2000=/a,listen:2000=/b" }),
    'annotations["krun.vsock"]',
  );
});

Deno.test("readVmSettings() refuses a console of its own for a container with a terminal", () => {
  const spec = {
    ...specWith({ "krun.console": "none" }),
    process: { cwd: "/", terminal: true },
  };
  const { jsonPath } = assertThrows(() => readVmSettings(spec, "c"), SpecError);
  assertEquals(jsonPath, 'annotations["krun.console"]');
});

Deno.test("readVmSettings() refuses items of another form", () => {
  const cases: [string, string[]][] = [
    ["krun.disk", ["disk.img", "/a:vmdk", "/a,", ",", "/a:ro:", "/a\0b"]],
    ["krun.vsock", ["1=/a", "1023=/a", "4294967295=/a", "2000", "2000=a", "x:2000=/a"]],
    ["krun.port_map", ["0:1", "1:65536", "80", "80:", "a:b", "1:1, 2:2"]],
    ["krun.console", ["", "null", "console.log"]],
    ["krun.tap_name", ["", "a/b", "a b", "sixteen-bytes-xx"]],
    ["krun.nested_virt", ["", "yes", "-1"]],
    ["krun.gpu_flags", ["4294967296", "0x40", "512", "4294967295"]],
  ];
  for (const [name, values] of cases) for (const value of values) refusal(name, value);
});

Deno.test("readVmSettings() does without the agent where it is told to, and where another kernel or flavour runs", () => {
  const agent = (annotations: Record<string, string>) =>
    readVmSettings(specWith(annotations), "c", KERNEL).agent;
  assertEquals(agent({}), true);
  assertEquals(agent({ "krun.agent": "1" }), true);
  assertEquals(agent({ "krun.agent": "0" }), undefined);
  assertEquals(agent({ "krun.variant": "sev" }), undefined);
  assertEquals(agent({ "krun.custom_kernel": "1" }), undefined);
  const both = specWith({ "krun.agent": "1", "krun.variant": "sev" });
  const error = assertThrows(() => readVmSettings(both, "c"), SpecError);
  assertEquals(error.jsonPath, 'annotations["krun.agent"]');
});

Deno.test("readVmSettings() takes krun.ram_max_mib alone, and with the agent that puts the limit into force", () => {
  const { ramMib, elastic } = readVmSettings(specWith({ "krun.ram_max_mib": "2048" }), "c");
  assertEquals([ramMib, elastic], [2048, true]);
  for (const other of [{ "krun.ram_mib": "512" }, { "krun.agent": "0" }]) {
    const spec = specWith({ "krun.ram_max_mib": "2048", ...other });
    const { jsonPath } = assertThrows(() => readVmSettings(spec, "c"), SpecError);
    assertEquals(jsonPath, 'annotations["krun.ram_max_mib"]');
  }
});
