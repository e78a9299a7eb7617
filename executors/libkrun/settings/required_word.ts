/** Refuses, without the administrator's permission, what opens the host to a guest or weakens its confinement. Pure. */
import { type AdministratorWord, isAllowed, notAllowed } from "../../../runtime/administrator.ts";
import { SpecError } from "../../../runtime/common/errors.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";
import { type AnnotationRow, ANNOTATIONS } from "./annotation_table.ts";
import { VM_FILE, type VmFile } from "./vm_file.ts";

/** @throws {SpecError} naming the annotation or the key, and how to allow it. */
export function requireWord(
  { annotations = {} }: Spec,
  vmFile: VmFile,
  word: AdministratorWord,
): void {
  for (const [name, row] of Object.entries<AnnotationRow>(ANNOTATIONS)) {
    if (!Object.hasOwn(annotations, name)) continue;
    const place = `annotations["${name}"]`;
    if (row.kind === "refused") {
      throw new SpecError(place, `is not allowed, because an image can set it: ${row.instead}`);
    }
    if (row.setBy === "administrator" && !isAllowed(word, name)) throw notAllowed(place, name);
  }
  // The keys of the kernel are enabled by an annotation.
  const tag = "virtiofs_tag";
  if (vmFile[tag] !== undefined && !isAllowed(word, tag)) {
    throw notAllowed(`${VM_FILE}: ${tag}`, tag);
  }
}
