import { assertEquals, assertThrows } from "@std/assert";
import { VMM_RAM_MIB } from "../../../../executors/libkrun/defaults.ts";
import { libkrunExecutor } from "../../../../executors/libkrun/executor.ts";
import { closingOps, earlyOps, openingOps } from "../../../../executors/libkrun/vm_ops.ts";
import type { BundleContext } from "../../../../executors/interface/executor.ts";
import { SpecError } from "../../../../runtime/common/errors.ts";
import { compilePlan } from "../../../../runtime/plan/compile.ts";
import type { Plan } from "../../../../runtime/plan/op.ts";
import { inputOf } from "../../plan/input.ts";
import { UNRESTRICTED } from "../../../harness/unrestricted.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";
import { given } from "../../../../runtime/common/given.ts";

const CONTEXT = { id: "c", bundle: "/b", rootfs: "/b/rootfs", stateFolder: "/run/kago/c" };
const SPEC: Spec = {
  ociVersion: "1.2.0",
  annotations: { "run.oci.handler": "krun", "krun.cpus": "2" },
  process: { cwd: "/", args: ["sh"], user: { uid: 7, gid: 8 } },
  root: { path: "rootfs" },
  mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
  linux: { namespaces: [{ type: "mount" }] },
};

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
  const { jsonPath } = assertThrows(() => libkrunExecutor.preExec(spec, CONTEXT), SpecError);
  assertEquals(jsonPath, 'annotations["krun.cpus"]');
});

/** What a plan takes from the executor. */
function planOf(spec: Spec, context: BundleContext = CONTEXT): Plan {
  const { runner, spec: adjusted } = libkrunExecutor.preExec(spec, context);
  return compilePlan(inputOf(adjusted, given({ runner })));
}

Deno.test("libkrunExecutor.preExec() ends in the VMM with the settings' operations and an agent", () => {
  const { hasAgent } = libkrunExecutor.preExec(SPEC, CONTEXT);
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
  const least = (spec: Spec) => libkrunExecutor.preExec(spec, CONTEXT).leastMemory;
  assertEquals(least(SPEC), (1024 + VMM_RAM_MIB) << 20);
  assertEquals(least(withMemory(512 << 20)), 512 << 20);
  assertEquals(least(withMemory(512 << 20, 256)), (256 + VMM_RAM_MIB) << 20);
  assertEquals(least(withMemory(-1, 256)), (256 + VMM_RAM_MIB) << 20);
});

Deno.test("libkrunExecutor.preExec() refuses a memory limit under which the VMM would be killed", () => {
  const tooSmall = ((128 + VMM_RAM_MIB) << 20) - 1;
  for (const spec of [withMemory(tooSmall), withMemory(256 << 20, 256)]) {
    const { jsonPath } = assertThrows(() => libkrunExecutor.preExec(spec, CONTEXT), SpecError);
    assertEquals(jsonPath, "linux.resources.memory.limit");
  }
  libkrunExecutor.preExec(withMemory(tooSmall + 1), CONTEXT);
});

Deno.test("libkrunExecutor.preExec() writes nothing into the root filesystem where the agent runs", () => {
  const { spec, rootfsFiles } = libkrunExecutor.preExec(SPEC, CONTEXT);
  assertEquals(spec.linux?.devices?.map(({ path }) => path), ["/dev/kvm"]);
  assertEquals(rootfsFiles, []);
});

Deno.test("libkrunExecutor.preExec() gives the adjusted spec to Init and to libkrun's own guest init", () => {
  const annotations = { ...SPEC.annotations, "krun.agent": "0" };
  const process = { ...SPEC.process!, ...UNRESTRICTED.process, user: {} };
  const asked = { ...SPEC, annotations, process };
  const { spec, rootfsFiles, hasAgent } = libkrunExecutor.preExec(asked, CONTEXT);
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
  assertEquals(intermediate.slice(0, 1), earlyOps(library, undefined));
});

Deno.test("libkrunExecutor.validate() refuses a mount namespace that would have the VMM's libraries", () => {
  const namespaces = [{ type: "mount", path: "/proc/1/ns/mnt" }] as const;
  assertEquals(refusedPath({ linux: { namespaces } }), "linux.namespaces");
});

Deno.test("libkrunExecutor.validate() refuses a VMM an SELinux label", () => {
  const process = { ...SPEC.process!, selinuxLabel: "system_u:system_r:container_t:s0" };
  assertEquals(refusedPath({ process }), "process.selinuxLabel");
});
