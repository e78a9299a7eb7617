import { processors } from "../../../../ffi/processes.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { VMM_RAM_MIB } from "../../../../executors/libkrun/settings/defaults.ts";
import { libkrunExecutor, prepare } from "../../../../executors/libkrun/executor.ts";
import { closingOps, earlyOps, openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import { NO_WORD } from "../../../../runtime/administrator.ts";
import type { BundleContext } from "../../../../executors/interface/executor.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import { compilePlan } from "../../../../runtime/plan/compile.ts";
import type { Plan } from "../../../../runtime/plan/op.ts";
import { inputOf } from "../../plan/input.ts";
import { UNRESTRICTED } from "../../../harness/unrestricted.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";
import { given } from "../../../../runtime/common/given.ts";
import type { StoredState } from "../../../../runtime/state/container_state.ts";

const CONTEXT = { id: "c", bundle: "/b", rootfs: "/b/rootfs", stateFolder: "/run/kago/c" };
const SPEC: Spec = {
  ociVersion: "1.2.0",
  annotations: { "run.oci.handler": "krun", "krun.cpus": "2" },
  process: { cwd: "/", args: ["sh"], user: { uid: 7, gid: 8 } },
  root: { path: "rootfs" },
  mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
  linux: { namespaces: [{ type: "mount" }] },
};

/** Without the files of this host's administrator. */
function preExec(spec: Spec, context: BundleContext) {
  return prepare(spec, context, context.word ?? NO_WORD);
}

function refusedPath(change: Partial<Spec>): string {
  const validate = () => libkrunExecutor.validate({ ...SPEC, ...change }, CONTEXT);
  return assertThrows(validate, SpecError).jsonPath;
}

Deno.test("libkrunExecutor.validate() accepts a spec that a microVM can carry out", () => {
  libkrunExecutor.validate(SPEC, CONTEXT);
});

Deno.test("libkrunExecutor.validate() accepts another spelling and a bind of /proc", () => {
  const mounts = [{ destination: "//proc/", type: "bind", source: "/proc", options: ["rbind"] }];
  libkrunExecutor.validate({ ...SPEC, mounts }, CONTEXT);
});

Deno.test("libkrunExecutor.validate() refuses a root without /proc", () => {
  assertEquals(refusedPath({ mounts: [{ destination: "/proc/sys", type: "tmpfs" }] }), "mounts");
});

Deno.test("libkrunExecutor.validate() refuses to share the host's mounts", () => {
  assertEquals(refusedPath({ linux: { namespaces: [{ type: "pid" }] } }), "linux.namespaces");
});

Deno.test("libkrunExecutor.validate() refuses a process without args", () => {
  assertEquals(refusedPath({ process: { cwd: "/" } }), "process.args");
  assertEquals(refusedPath({ process: { cwd: "/", args: [] } }), "process.args");
});

Deno.test("libkrunExecutor.preExec() refuses annotations out of range", () => {
  const spec = { ...SPEC, annotations: { "krun.cpus": "99" } };
  const { jsonPath } = assertThrows(() => preExec(spec, CONTEXT), SpecError);
  assertEquals(jsonPath, 'annotations["krun.cpus"]');
});

/** What a plan takes from the executor. */
function planOf(spec: Spec, context: BundleContext = CONTEXT): Plan {
  const { runner, spec: adjusted } = preExec(spec, context);
  return compilePlan(inputOf(adjusted, given({ runner })));
}

Deno.test("libkrunExecutor.preExec() ends in the VMM with the settings' operations and an agent", () => {
  const { hasAgent } = preExec(SPEC, CONTEXT);
  assertEquals(hasAgent, true);
  const settings = { cpus: 2, ramMib: 1024, logLevel: 1, agent: true } as const;
  const { intermediate, init, vmm, guest } = planOf(SPEC);
  assertEquals(intermediate[0], { op: "agentDoor", path: "/run/kago/c" });
  assertEquals(init.at(-1), { op: "execVmm", env: [] });
  const [opening, closing] = [openingOps(settings, undefined), closingOps(settings)];
  assertEquals(vmm.slice(0, opening.length), opening);
  assertEquals(vmm.slice(-closing.length), closing);
  assertEquals(guest?.at(-1)?.op, "exec");
});

function withMemory(limit: number, ramMib?: number): Spec {
  return {
    ...SPEC,
    annotations: ramMib === undefined ? {} : { "krun.ram_mib": `${ramMib}` },
    linux: { ...SPEC.linux, resources: { memory: { limit } } },
  };
}

Deno.test("libkrunExecutor.preExec() says how much memory guest and VMM can come to hold", () => {
  const least = (spec: Spec) => preExec(spec, CONTEXT).leastMemory;
  assertEquals(least(SPEC), (1024 + VMM_RAM_MIB) << 20);
  assertEquals(least(withMemory(512 << 20)), 512 << 20);
  assertEquals(least(withMemory(512 << 20, 256)), (256 + VMM_RAM_MIB) << 20);
  assertEquals(least(withMemory(-1, 256)), (256 + VMM_RAM_MIB) << 20);
});

Deno.test("libkrunExecutor.preExec() lets a guest have more RAM than the limit, which its processes keep to", () => {
  const annotations = { "krun.ram_max_mib": "1024" };
  const outside = (VMM_RAM_MIB + 32 + 16) << 20;
  const spec = { ...withMemory(256 << 20), annotations };
  const { leastMemory, memoryOutside } = preExec(spec, CONTEXT);
  assertEquals([leastMemory, memoryOutside], [outside + (32 << 20), outside]);
  const limits = planOf(spec).guest?.find(({ op }) => op === "guestLimits");
  assertEquals(limits, {
    op: "guestLimits",
    memory: BigInt((256 << 20) - outside),
    quota: 0n,
    period: 0n,
    from: "linux.resources",
  });
  const tooSmall = { ...withMemory(outside + (32 << 20) - 1), annotations };
  const { jsonPath, message } = assertThrows(() => preExec(tooSmall, CONTEXT), SpecError);
  assertEquals(jsonPath, "linux.resources.memory.limit");
  assertStringIncludes(message, "krun.ram_max_mib");
});

Deno.test("libkrunExecutor.checkUpdate() says what lets a limit be lower, by what the microVM has already", () => {
  const refusal = (annotations: Record<string, string>) => {
    const { leastMemory, memoryOutside } = preExec({ ...SPEC, annotations }, CONTEXT);
    const state = given({ leastMemory, memoryOutside }) as unknown as StoredState;
    const update = (limit: number) => libkrunExecutor.checkUpdate!(state, { memory: { limit } });
    update(leastMemory!);
    return assertThrows(() => update(leastMemory! - 1), SpecError).message;
  };
  assertStringIncludes(
    refusal({}),
    ": create the container again with less RAM, or with the annotation krun.ram_max_mib",
  );
  assertStringIncludes(
    refusal({ "krun.ram_max_mib": "1024" }),
    ": give a higher limit, or create the container again with a lower krun.ram_max_mib",
  );
});

Deno.test("libkrunExecutor.preExec() refuses a memory limit under which the VMM would be killed", () => {
  const tooSmall = ((128 + VMM_RAM_MIB) << 20) - 1;
  for (const spec of [withMemory(tooSmall), withMemory(256 << 20, 256)]) {
    const { jsonPath } = assertThrows(() => preExec(spec, CONTEXT), SpecError);
    assertEquals(jsonPath, "linux.resources.memory.limit");
  }
  preExec(withMemory(tooSmall + 1), CONTEXT);
});

Deno.test("libkrunExecutor.preExec() writes nothing into the root filesystem where the agent runs", () => {
  const { spec, rootfsFiles } = preExec(SPEC, CONTEXT);
  assertEquals(spec.linux?.devices?.map(({ path }) => path), ["/dev/kvm"]);
  assertEquals(rootfsFiles, []);
});

Deno.test("libkrunExecutor.preExec() gives the adjusted spec to Init and to libkrun's own guest init", () => {
  const annotations = { ...SPEC.annotations, "krun.agent": "0" };
  const process = { ...SPEC.process!, ...UNRESTRICTED.process, user: {} };
  const asked = { ...SPEC, annotations, process };
  const { spec, rootfsFiles, hasAgent } = preExec(asked, CONTEXT);
  const [file, ...more] = rootfsFiles;
  assertEquals(more, []);
  assertEquals(JSON.parse(new TextDecoder().decode(file!.data)), {
    Entrypoint: [],
    ...spec,
    process: { ...spec.process, env: [] },
  });
  assertEquals([file!.uid, file!.gid], [0, 0]);
  assertEquals(hasAgent, false);
  const { intermediate, vmm, guest } = planOf(asked);
  const closing = closingOps({ cpus: 2, ramMib: 1024, logLevel: 1 });
  assertEquals(vmm.slice(-closing.length), closing);
  assertEquals([guest, intermediate.some(({ op }) => op === "agentDoor")], [undefined, false]);
});

Deno.test("libkrunExecutor.preExec() opens the library that the administrator names before anything else", () => {
  const library = { path: "/opt/k/libkrun.so.1", from: "--libkrun" };
  const context = { ...CONTEXT, word: { library, allowed: [] } };
  const { intermediate } = planOf(SPEC, context);
  assertEquals(intermediate.slice(0, 1), earlyOps({ cpus: 2, ramMib: 1024, logLevel: 1, library }));
});

Deno.test("libkrunExecutor.validate() refuses a mount namespace that would have the VMM's libraries", () => {
  const namespaces = [{ type: "mount", path: "/proc/1/ns/mnt" }] as const;
  assertEquals(refusedPath({ linux: { namespaces } }), "linux.namespaces");
});

Deno.test("libkrunExecutor.validate() takes an SELinux label", () => {
  const process = { ...SPEC.process!, selinuxLabel: "system_u:system_r:container_kvm_t:s0" };
  libkrunExecutor.validate({ ...SPEC, process }, CONTEXT);
});

Deno.test("libkrunExecutor.preExec() tells each setting with who has chosen it", () => {
  const file = "/etc/kago/microvm.json";
  const defaults = {
    kernel: { value: "/opt/k/libkrunfw.so.5", from: `${file}: kernel` },
    cpus: { value: 4, from: `${file}: cpus` },
    ramMib: { value: 256, from: `${file}: ramMib` },
  };
  const { settings = [] } = preExec(SPEC, { ...CONTEXT, word: { allowed: [], defaults } });
  assertEquals(
    settings.map(({ name, value, from }) => `${name}: ${value} (${from})`),
    [
      "libkrun: found by the dynamic linker (default)",
      `kernel: /opt/k/libkrunfw.so.5 (${file}: kernel)`,
      'cpus: 2 (annotations["krun.cpus"])',
      `ram: 256 MiB (${file}: ramMib)`,
      "log level: 1 (default)",
      "network: tsi (default)",
      "passt: the installed one (default)",
      "disks: none (default)",
      "DAX window: none (default)",
      "image may set: cpus,ram_mib,virtiofs_shm_size (default)",
      "allowed: none (default)",
    ],
  );
});

Deno.test("libkrunExecutor.preExec() follows of an image's file what the administrator's says", () => {
  const rootfs = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${rootfs}/.krun_vm.json`, '{"cpus":3,"ram_mib":333}');
    const imageKeys = { value: ["ram_mib"], from: "/etc/kago/microvm.json: imageKeys" } as const;
    const word = { allowed: [], defaults: { imageKeys } };
    const { settings, warnings } = preExec({ ...SPEC, annotations: {} }, {
      ...CONTEXT,
      rootfs,
      word,
    });
    const of = (wanted: string) => settings?.find(({ name }) => name === wanted);
    assertEquals(of("cpus"), {
      name: "cpus",
      value: `${Math.min(16, processors())}`,
      from: "default",
    });
    assertEquals(of("ram"), { name: "ram", value: "333 MiB", from: ".krun_vm.json: ram_mib" });
    assertEquals(warnings, [
      ".krun_vm.json: cpus is ignored: it is not among /etc/kago/microvm.json: imageKeys",
    ]);
  } finally {
    Deno.removeSync(rootfs, { recursive: true });
  }
});
