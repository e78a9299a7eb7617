/**
 * The libkrun executor: the container as a microVM. Init execs kago's own init stage, which becomes the VMM
 * (runtime/process/stage_init.ts). libkrun reaches the container's files and sockets from the VMM process, so the
 * container's namespaces, cgroup and capabilities confine it as they confine a plain process.
 */
import { SpecError } from "../../runtime/errors.ts";
import { joinPath } from "../../runtime/plan/path.ts";
import { findNamespace } from "../../runtime/spec/namespaces.ts";
import type { Spec } from "../../runtime/spec/spec.ts";
import { type Executor, type PreExecResult, requestedHandler } from "../executor.ts";
import { readVmSettings } from "./annotations.ts";
import { guestConfigFile } from "./guest_config.ts";
import { checkLibkrunHost } from "./host_checks.ts";
import { withKvmDevice } from "./kvm_device.ts";

export const libkrunExecutor: Executor = {
  name: "krun",
  canHandle: (spec, request) => requestedHandler(spec, request) === "krun",
  validate,
  checkHost: (spec, { rootfs }) => checkLibkrunHost(spec, readVmSettings(spec), rootfs),
  preExec,
};

function validate(spec: Spec): void {
  readVmSettings(spec);
  if (!spec.process?.args?.length) {
    throw new SpecError("process.args", "is missing: there is nothing for the guest to run");
  }
  if (!findNamespace(spec, "mount")) {
    throw new SpecError("linux.namespaces", "a microVM needs a namespace of type mount");
  }
  // Without it a thread of libkrun panics and the VM hangs.
  if (!spec.mounts?.some(({ destination }) => joinPath("/", destination) === "/proc")) {
    throw new SpecError(
      "mounts",
      "a microVM needs a mount of type proc at /proc: libkrun opens the guest's files through it",
    );
  }
}

function preExec(spec: Spec): PreExecResult {
  const adjusted = withKvmDevice(spec);
  return {
    spec: adjusted,
    rootfsFiles: [guestConfigFile(adjusted)],
    ending: { kind: "stage", settings: { ...readVmSettings(spec) } },
  };
}
