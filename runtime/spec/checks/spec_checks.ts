/** Checks of the top level of config.json: version, root, names, annotations, hooks (runtime spec, config.md). */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";
import { findNamespace } from "../namespaces.ts";
import type { Hooks, Spec } from "../spec.ts";
import { type ChecksOf, requireAbsolute, type Warn } from "./check.ts";
import { MOUNT_CHECKS } from "./mount_checks.ts";

/** The schema requires `ociVersion`, so its checks always run. */
export const SPEC_CHECKS: ChecksOf<Spec> = {
  ociVersion: [versionIsOne, rootIsThere],
  hostname: [namesNeedUtsNamespace, namesFitTheKernel],
  domainname: [namesNeedUtsNamespace, namesFitTheKernel],
  annotations: [annotationKeysAreNotEmpty, annotationsOfCrunAreKnown],
  hooks: [hookPathsAreAbsolute],
  mounts: MOUNT_CHECKS,
};

/** A semantic version; suffixes are common (`1.0.2-dev`). */
function versionIsOne({ ociVersion }: Spec): void {
  // No regular expression: compiling one costs 0.1 ms.
  const [major, minor, patch, more] = ociVersion.split("+")[0]!.split("-")[0]!.split(".");
  const isVersion = `${Number(minor)}` === minor && `${Number(patch)}` === patch;
  if (major === "1" && isVersion && more === undefined) return;
  throw new SpecError(
    "ociVersion",
    `${quoted(ociVersion)} is not supported, must be a version of major 1, such as 1.2.0`,
  );
}

function rootIsThere({ root }: Spec): void {
  if (!root) throw new SpecError("root", "is required: the container's root filesystem");
  if (root.path === "") throw new SpecError("root.path", "is empty, must be a directory");
}

function namesNeedUtsNamespace(spec: Spec): void {
  if (findNamespace(spec, "uts")) return;
  for (const field of ["hostname", "domainname"] as const) {
    if (!spec[field]) continue;
    throw new SpecError(
      field,
      "cannot be set in the host's UTS namespace: add uts to linux.namespaces",
    );
  }
}

/** __NEW_UTS_LEN (linux/utsname.h). */
const MAX_NAME_BYTES = 64;

function namesFitTheKernel(spec: Spec): void {
  for (const field of ["hostname", "domainname"] as const) {
    const name = spec[field] ?? "";
    // A UTF-16 unit has at most 3 bytes, and the encoder costs 0.1 ms.
    if (name.length * 3 <= MAX_NAME_BYTES) continue;
    const size = new TextEncoder().encode(name).length;
    if (size <= MAX_NAME_BYTES) continue;
    throw new SpecError(field, `has ${size} bytes, but at most ${MAX_NAME_BYTES} are allowed`);
  }
}

function annotationKeysAreNotEmpty({ annotations }: Spec): void {
  if (annotations && Object.hasOwn(annotations, "")) {
    throw new SpecError("annotations", "has an empty key");
  }
}

/** crun's annotations; those with an empty text are implemented by the executors and the plan. */
const CRUN_PREFIX = "run.oci.";
const CRUN_ANNOTATIONS: Readonly<Record<string, string>> = {
  "handler": "",
  "keep_original_groups": "",
  "hooks.stdout": "the error of a failed hook includes its output",
  "hooks.stderr": "the error of a failed hook includes its output",
  "mount_context_type": "linux.mountLabel is the context of all files",
  "pidfd_receiver": "use the option --pidfd-socket",
  "seccomp.receiver": "use linux.seccomp.listenerPath",
  "timens_offset": "use linux.timeOffsets",
};

function annotationsOfCrunAreKnown({ annotations = {} }: Spec, warn: Warn): void {
  for (const [name, value] of Object.entries(annotations)) {
    if (!name.startsWith(CRUN_PREFIX)) continue;
    const key = name.slice(CRUN_PREFIX.length);
    // An empty one requests no cgroup below the unit's, and there is none.
    if (key === "systemd.subgroup" && value === "") continue;
    const known = Object.hasOwn(CRUN_ANNOTATIONS, key) ? CRUN_ANNOTATIONS[key]! : undefined;
    if (known === "") continue;
    warn(`annotations["${name}"]`, `is ignored${known ? `: ${known}` : ""}`);
  }
}

const HOOK_MOMENTS: readonly (keyof Hooks)[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

function hookPathsAreAbsolute({ hooks }: Spec): void {
  for (const moment of HOOK_MOMENTS) {
    for (const [index, { path }] of hooks?.[moment]?.entries() ?? []) {
      requireAbsolute(`hooks.${moment}[${index}].path`, path);
    }
  }
}
