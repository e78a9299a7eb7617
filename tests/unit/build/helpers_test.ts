import { assertEquals } from "@std/assert";
import { formatEmbedded } from "../../../scripts/build/helpers.ts";

Deno.test("formatEmbedded() makes a module that gives version and helpers back", async () => {
  const shim = new Uint8Array([0, 255, 62, 63]);
  const text = formatEmbedded({ version: '1.0"', commit: "abc", date: "2026-11-29" }, shim);
  const module = await import(`data:text/typescript,${encodeURIComponent(text)}`);
  assertEquals(module.VERSION, '1.0"');
  assertEquals(module.COMMIT, "abc");
  assertEquals(Uint8Array.fromBase64(module.SHIM_BASE64), shim);
});
