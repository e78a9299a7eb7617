import { assertEquals } from "@std/assert";
import { formatBom } from "../../../../scripts/release/bom.ts";
import type { Component } from "../../../../scripts/release/component.ts";
import { thirdParties } from "../../../../scripts/release/third_parties.ts";

const SOURCE = { version: "1.2.3", commit: "abcd", epoch: 1767323045, maintainer: "A <a@b>" };
const COMPONENTS: readonly Component[] = [
  {
    name: "@a/b",
    version: "4.5",
    licence: "MIT",
    integrity: "sha512-AAH/",
    purl: "pkg:npm/%40a/b@4.5",
    scope: "required",
    text: "Its text.\n",
  },
  { name: "c", version: "6", licence: "ISC", scope: "excluded" },
];

Deno.test("formatBom() has versions, licences and the lock file's hashes, and the commit's time", () => {
  assertEquals(JSON.parse(formatBom(SOURCE, COMPONENTS)), {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: "2026-01-02T03:04:05Z",
      component: {
        type: "application",
        "bom-ref": "kago@1.2.3",
        name: "kago",
        version: "1.2.3",
        licenses: [{ expression: "Apache-2.0" }],
        properties: [{ name: "git:commit", value: "abcd" }],
      },
    },
    components: [
      {
        type: "library",
        "bom-ref": "@a/b@4.5",
        name: "@a/b",
        version: "4.5",
        scope: "required",
        hashes: [{ alg: "SHA-512", content: "0001ff" }],
        licenses: [{ expression: "MIT" }],
        purl: "pkg:npm/%40a/b@4.5",
      },
      {
        type: "library",
        "bom-ref": "c@6",
        name: "c",
        version: "6",
        scope: "excluded",
        licenses: [{ expression: "ISC" }],
      },
    ],
  });
});

Deno.test("thirdParties() lists what is in the files, and has the texts", () => {
  const text = thirdParties(COMPONENTS);
  assertEquals(text.match(/^ {2}\S.*$/gm), ["  @a/b 4.5: MIT"]);
  assertEquals(text.includes("\n@a/b 4.5\n\nIts text.\n"), true);
});
