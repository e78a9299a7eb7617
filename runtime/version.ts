/** `kago --version`: the lines that podman, containerd and Docker read, and the libraries on this host. */
import { COMMIT, VERSION } from "../ffi/embedded.gen.ts";
import { libraryVersions } from "../ffi/libkrun_report.ts";
import { ownLibrary } from "./own_files.ts";
import { findLibseccompVersion } from "./seccomp/features.ts";
import { OCI_VERSION } from "./spec/oci_version.ts";

/** `kago version V`, `commit: C`, `spec: S`, then one line per library; loads the libraries to find out. */
export function versionText(): string {
  const seccomp = { libseccomp: findLibseccompVersion() };
  const libraries = Object.entries({ ...libraryVersions(ownLibrary()), ...seccomp })
    .map(([name, version]) => `${name}: ${version ?? "not found"}`);
  return [
    `kago version ${VERSION}`,
    `commit: ${COMMIT}`,
    `spec: ${OCI_VERSION}`,
    `deno: ${Deno.version.deno}`,
    ...libraries,
  ].join("\n");
}
