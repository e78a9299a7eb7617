/**
 * The options of an overlay with many layers. mount(2) takes one page of options. fsconfig(2) takes each layer as an option
 * of its own, but only since Linux 6.7, so it is used only if the page is too small.
 */
import { MAX_DATA } from "./filesystem.ts";

/** The options unchanged, or with `lowerdir` split into `lowerdir+` and `datadir+`. */
export function overlayOptions(options: readonly string[]): readonly string[] {
  const size = options.reduce(
    (sum, option) => sum + new TextEncoder().encode(option).length + 1,
    0,
  );
  if (size <= MAX_DATA + 1) return options;
  return options.flatMap((option) =>
    option.startsWith("lowerdir=") ? layersOf(option.slice("lowerdir=".length)) : [option]
  );
}

/** `a:b::c`: layers from the top; `::` precedes data-only layers; a backslash escapes a colon. */
function layersOf(value: string): string[] {
  const parts = value.match(/(?:\\.|[^:\\])+|:+/gs) ?? [];
  let key = "lowerdir+";
  const layers: string[] = [];
  for (const part of parts) {
    if (part === "::") key = "datadir+";
    else if (!part.startsWith(":")) layers.push(`${key}=${part.replaceAll(/\\(.)/gs, "$1")}`);
  }
  return layers;
}
