/** Replaces what differs in each run of a probe: bundle path, container id, namespaces' inodes, pids, pipes. */

/** Names for namespaces, by their links' targets (`net:[4026531840]`); a later one in this order does not rename. */
export function namespaceNames(host: number, helper: number, container: number) {
  const names = new Map<string, string>();
  for (const [name, pid] of Object.entries({ host, helper, container })) {
    for (const entry of Deno.readDirSync(`/proc/${pid}/ns`)) {
      const link = Deno.readLinkSync(`/proc/${pid}/ns/${entry.name}`);
      if (!names.has(link)) names.set(link, `${link.slice(0, link.indexOf(":"))}:${name}`);
    }
  }
  return names;
}

/** The same text under the same conditions. */
export function makeReadable(
  text: string,
  { bundle, id }: { readonly bundle: string; readonly id: string },
  namespaces: ReadonlyMap<string, string>,
): string {
  return text
    .replace(anyPathTo(bundle), "BUNDLE")
    .replaceAll(id, "ID")
    .replace(/\b[a-z_]+:\[\d+\]/g, (link) => namespaces.get(link) ?? link.replace(/\d+/, "…"))
    .replace(/^\{[\s\S]*?\}(?=\n+BUNDLE|\n+\/)/gm, sameState);
}

/** mountinfo shows the path from the root of the bundle's filesystem, which is not the host's if /tmp is a tmpfs. */
function anyPathTo(bundle: string): RegExp {
  const end = bundle.split("/").slice(-2).join("/");
  return new RegExp(`(?:/[\\w.-]+)*/${end}`, "g");
}

/** A container's state as hooks read it, in a fixed order and form. */
function sameState(json: string): string {
  const { id, status, bundle, annotations = {}, pid, ociVersion } = JSON.parse(json);
  const versioned = typeof ociVersion === "string";
  const hasPid = typeof pid === "number" && pid > 0;
  return [`id ${id}`, status, bundle, JSON.stringify(annotations), hasPid, versioned].join("\n");
}
