/**
 * A library that is loaded runs its constructors with all of kago's rights. So what loads one is listed, with where the
 * library's name comes from; nothing of config.json, an image or a pod may be it.
 */
import { calls, type Finding, isC, lineOf, type Lint, type Source } from "./source.ts";

const WHY = "loads a library: let the module that opens and checks libraries do it";

function find(source: Source): Finding[] {
  const names = isC(source) ? /dlm?open/ : /(?:Deno\.)?dlopen/;
  return calls(source, names).map(({ offset, place }) => ({
    file: source.file,
    line: lineOf(source.text, offset),
    place,
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
