/** Lexical paths of the host, for the builder. Paths below the container's root are never joined as strings. */

/** `path` if it is absolute, else `base/path`, without `.`, `..` and doubled slashes. */
export function joinPath(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
