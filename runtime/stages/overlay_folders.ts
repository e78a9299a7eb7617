/** Finds the faulty folder of an overlay: the kernel's error is the same for all of them. */
import { type Finding, wrongWith } from "./op_findings.ts";
import { whatIsAt } from "./path_finding.ts";

const FOLDERS = /^(?:lowerdir\+?|datadir\+|upperdir|workdir)=(.+)$/s;

/** The message about the first folder in the options that is missing or not a folder at this moment. */
export function overlayProblem(options: readonly string[]): string | undefined {
  for (const option of options) {
    const [, value] = FOLDERS.exec(option) ?? [];
    const paths = option.startsWith("lowerdir=") ? layersOf(value ?? "") : [value ?? ""];
    for (const path of paths.filter((path) => path.startsWith("/"))) {
      const finding = firstWrong(path);
      if (finding) return wrongWith(finding, path);
    }
  }
}

/** Layers are separated by colons; a backslash escapes a colon (overlayfs.rst of the kernel). */
function layersOf(value: string): string[] {
  return (value.match(/(?:\\.|[^:\\])+/gs) ?? []).map((path) => path.replaceAll(/\\(.)/gs, "$1"));
}

/** The first part of the path that is missing or not a folder. */
function firstWrong(path: string): Finding | undefined {
  const parts = path.split("/").filter(Boolean);
  for (let count = 1; count <= parts.length; count++) {
    const text = `/${parts.slice(0, count).join("/")}`;
    const { found } = whatIsAt(text);
    if (found !== "folder") return { field: 0, found: found === "file" ? "noFolder" : found, text };
  }
}
