import { assertEquals, assertThrows } from "@std/assert";
import type { HandlerRequest } from "../../../executors/interface/executor.ts";
import { CantHandle, pickExecutor } from "../../../executors/registry.ts";
import { SpecError, UsageError } from "../../../runtime/common/errors.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";

const PLAIN: HandlerRequest = { id: "one", invokedAs: "kago" };

function specWith(annotations?: Record<string, string>): Spec {
  return { ociVersion: "1.2.0", ...(annotations ? { annotations } : {}) };
}

function pick(annotation: string | undefined, request: Partial<HandlerRequest> = {}): string {
  const spec = specWith(annotation === undefined ? undefined : { "run.oci.handler": annotation });
  return pickExecutor(spec, { ...PLAIN, ...request }).name;
}

Deno.test("pickExecutor() takes the plain executor when nobody asks for another", () => {
  assertEquals(pick(undefined), "default");
});

Deno.test("pickExecutor() takes libkrun for the annotation run.oci.handler=krun", () => {
  assertEquals(pick("krun"), "krun");
});

Deno.test("pickExecutor() takes libkrun for --handler krun", () => {
  assertEquals(pick(undefined, { handler: "krun" }), "krun");
});

Deno.test("pickExecutor() takes libkrun when kago is invoked as krun", () => {
  assertEquals(pick(undefined, { invokedAs: "krun" }), "krun");
  assertEquals(pick(undefined, { invokedAs: "krun-wrapper" }), "default");
});

Deno.test("pickExecutor() lets --handler overrule the name that kago is invoked as", () => {
  assertEquals(pick(undefined, { invokedAs: "krun", handler: "default" }), "default");
});

Deno.test("pickExecutor() lets the annotation overrule the command line", () => {
  assertEquals(pick("krun", { handler: "default" }), "krun");
  assertEquals(pick("default", { invokedAs: "krun", handler: "krun" }), "default");
});

Deno.test("pickExecutor() takes the plain executor for a pod's sandbox, which is the container with the pod's id", () => {
  const prefixes = [["io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id"], [
    "io.kubernetes.cri-o.ContainerType",
    "io.kubernetes.cri-o.SandboxID",
  ]] as const;
  for (const [kind, pod] of prefixes) {
    const pickOf = (type: string, id: string) =>
      pickExecutor(specWith({ [kind]: type, [pod]: id, "run.oci.handler": "krun" }), PLAIN).name;
    assertEquals(pickOf("sandbox", "one"), "default", kind);
    assertEquals(pickOf("container", "one"), "krun", kind);
    assertEquals(pickOf("sandbox", "another"), "krun", kind);
  }
});

Deno.test("pickExecutor() names the annotation and the handlers there are", () => {
  const error = assertThrows(() => pick("wasm"), CantHandle);
  assertEquals(error.jsonPath, 'annotations["run.oci.handler"]');
  assertEquals(error.handler, "wasm");
  assertEquals(
    error.message,
    'annotations["run.oci.handler"]: there is no handler "wasm": use krun or default, or leave it out',
  );
  assertEquals(error instanceof SpecError, true);
});

Deno.test("pickExecutor() does not fall back when the annotation is empty", () => {
  assertThrows(() => pick(""), CantHandle);
});

Deno.test("pickExecutor() calls an unknown --handler a mistake of usage", () => {
  const error = assertThrows(() => pick(undefined, { handler: "wasm" }), UsageError);
  assertEquals(error.message, '--handler: there is no handler "wasm": use krun or default');
});
