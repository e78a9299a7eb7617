/**
 * A loaded library runs its constructors with all of kago's rights. So every load is listed, with the source of the
 * library's name, which must not be config.json, an image or a pod.
 */
import {
  type Finding,
  lineOf,
  type Lint,
  parts,
  placeOf,
  type Source,
  withoutStrings,
} from "./source.ts";

const WHY = "loads a library: let the module that opens and checks libraries do it";

/** Any mention: a function may be stored under another name. */
const NAME = /\bdlm?open\b/g;

function find({ file, text }: Source): Finding[] {
  const found = parts({ file, text });
  return [...withoutStrings(text).matchAll(NAME)].map(({ index }) => ({
    file,
    line: lineOf(text, index),
    place: placeOf(found, index),
    why: WHY,
  }));
}

export const DLOPEN: Lint = {
  name: "dlopen",
  find,
  exceptions: [
    {
      file: "ffi/shim_call.ts",
      place: "call",
      reason: "The shim is a part of the executable, in a memory file.",
    },
    {
      file: "ffi/memory_file.ts",
      place: "openLibc",
      reason: "A constant name, which the loader looks up among the host's libraries.",
    },
    {
      file: "ffi/libseccomp.ts",
      reason: "Constant names, which the loader looks up among the host's libraries.",
    },
    {
      file: "ffi/libsystemd.ts",
      reason: "A constant name, which the loader looks up among the host's libraries.",
    },
    {
      file: "ffi/libkrun.ts",
      reason: "The one module that loads libkrun for what is asked of it beforehand.",
    },
    {
      file: "ffi/libkrun_extras.ts",
      reason: "The libkrun that is loaded already, for functions that not every one has.",
    },
    {
      file: "helper-c/vmm/krun.c",
      reason: "The VMM loads what Main has found and checked.",
    },
  ],
};
