/** The list of components in CycloneDX 1.5 (cyclonedx.org/specification). Pure. */
import { given } from "../../runtime/common/given.ts";
import type { Component } from "./component.ts";
import type { Source } from "./source.ts";

/** The text of the JSON file, which depends only on the commit and the components. */
export function formatBom(
  { version, commit, epoch }: Source,
  components: readonly Component[],
): string {
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString().replace(".000Z", "Z"),
      component: {
        type: "application",
        "bom-ref": `kago@${version}`,
        name: "kago",
        version,
        licenses: [{ expression: "Apache-2.0" }],
        properties: [{ name: "git:commit", value: commit }],
      },
    },
    components: components.map(componentOf),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function componentOf({ name, version, licence, integrity, purl, scope }: Component): unknown {
  return {
    type: "library",
    "bom-ref": `${name}@${version}`,
    name,
    version,
    scope,
    ...given({ hashes: integrity && [hashOf(integrity)] }),
    licenses: [{ expression: licence }],
    ...given({ purl }),
  };
}

/** From `sha512-BASE64`, the form of lock files (w3.org/TR/SRI). */
function hashOf(integrity: string): { alg: string; content: string } {
  const [kind, base64] = integrity.split("-");
  return {
    alg: kind!.toUpperCase().replace("SHA", "SHA-"),
    content: Uint8Array.fromBase64(base64!).toHex(),
  };
}
