import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { HandlerRequest } from "../../../executors/interface/executor.ts";
import {
  CantHandle,
  executorOf,
  EXECUTORS,
  loadAgent,
  pickExecutor,
} from "../../../executors/registry.ts";
import { HostError, SpecError, UsageError } from "../../../runtime/common/errors.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import type { StoredState } from "../../../runtime/state/container_state.ts";
import { given } from "../../../runtime/common/given.ts";

const PLAIN: HandlerRequest = { id: "one", invokedAs: "kago" };

function specWith(annotations?: Record<string, string>): Spec {
  return { ociVersion: "1.2.0", ...given({ annotations }) };
}

async function pick(
  annotation: string | undefined,
  request: Partial<HandlerRequest> = {},
): Promise<string> {
  const spec = specWith(annotation === undefined ? undefined : { "run.oci.handler": annotation });
  const { name } = await pickExecutor(spec, { ...PLAIN, ...request });
  return name;
}

Deno.test("pickExecutor() takes the plain executor when nobody asks for another", async () => {
  assertEquals(await pick(undefined), "default");
});

Deno.test("pickExecutor() takes libkrun for the annotation run.oci.handler=krun", async () => {
  assertEquals(await pick("krun"), "krun");
});

Deno.test("pickExecutor() takes libkrun for --handler krun", async () => {
  assertEquals(await pick(undefined, { handler: "krun" }), "krun");
});

Deno.test("pickExecutor() takes libkrun when kago is invoked as krun", async () => {
  assertEquals(await pick(undefined, { invokedAs: "krun" }), "krun");
  assertEquals(await pick(undefined, { invokedAs: "krun-wrapper" }), "default");
});

Deno.test("pickExecutor() lets --handler overrule the name that kago is invoked as", async () => {
  assertEquals(await pick(undefined, { invokedAs: "krun", handler: "default" }), "default");
});

Deno.test("pickExecutor() lets the annotation overrule the command line", async () => {
  assertEquals(await pick("krun", { handler: "default" }), "krun");
  assertEquals(await pick("default", { invokedAs: "krun", handler: "krun" }), "default");
});

Deno.test("pickExecutor() takes the plain executor for a pod's sandbox, which is the container with the pod's id", async () => {
  const prefixes = [["io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id"], [
    "io.kubernetes.cri-o.ContainerType",
    "io.kubernetes.cri-o.SandboxID",
  ]] as const;
  for (const [kind, pod] of prefixes) {
    const pickOf = async (type: string, id: string) => {
      const spec = specWith({ [kind]: type, [pod]: id, "run.oci.handler": "krun" });
      return (await pickExecutor(spec, PLAIN)).name;
    };
    assertEquals(await pickOf("sandbox", "one"), "default", kind);
    assertEquals(await pickOf("container", "one"), "krun", kind);
    assertEquals(await pickOf("sandbox", "another"), "krun", kind);
  }
});

Deno.test("pickExecutor() names the annotation and the handlers there are", async () => {
  const error = await assertRejects(() => pick("wasm"), CantHandle);
  assertEquals(error.jsonPath, 'annotations["run.oci.handler"]');
  assertEquals(error.handler, "wasm");
  assertEquals(
    error.message,
    'annotations["run.oci.handler"]: unknown handler "wasm": use krun or default, or leave it out',
  );
  assertEquals(error instanceof SpecError, true);
});

Deno.test("pickExecutor() does not fall back when the annotation is empty", async () => {
  await assertRejects(() => pick(""), CantHandle);
});

Deno.test("pickExecutor() calls an unknown --handler a mistake of usage", async () => {
  const error = await assertRejects(() => pick(undefined, { handler: "wasm" }), UsageError);
  assertEquals(error.message, '--handler: unknown handler "wasm": use krun or default');
});

Deno.test("every executor has the name of its entry, and a container whose handler is gone says so", async () => {
  for (const { name, load } of EXECUTORS) assertEquals((await load()).name, name);
  const state = { handler: "wasm" } as StoredState;
  for (const load of [executorOf, loadAgent]) {
    const error = await assertRejects(() => load(state), HostError);
    assertStringIncludes(error.message, 'no handler "wasm", with which the container was created');
  }
  await assertRejects(() => loadAgent({ handler: "default" } as StoredState), HostError);
});
