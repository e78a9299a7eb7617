import { assertEquals, assertRejects } from "@std/assert";
import { HostError } from "../../../runtime/common/errors.ts";
import { cachedDenort, findDenort } from "../../../scripts/build/denort.ts";
import { DENO_VERSION } from "../../../scripts/build/stock_deno.ts";

const NAME = `dl/release/v${DENO_VERSION}/denort-x86_64-unknown-linux-gnu.zip`;

Deno.test("cachedDenort() follows DENO_DIR, then XDG_CACHE_HOME, then HOME", () => {
  const [XDG_CACHE_HOME, HOME] = ["/x", "/h"];
  assertEquals(cachedDenort({ DENO_DIR: "/d", XDG_CACHE_HOME, HOME }), `/d/${NAME}`);
  assertEquals(cachedDenort({ XDG_CACHE_HOME, HOME }), `/x/deno/${NAME}`);
  assertEquals(cachedDenort({ HOME }), `/h/.cache/deno/${NAME}`);
  assertEquals(cachedDenort({}), undefined);
});

Deno.test("findDenort() prefers DENORT_BIN to the cache and the cache to a download", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals(await findDenort({ DENO_DIR: folder }), "download");
    await Deno.mkdir(`${folder}/dl/release/v${DENO_VERSION}`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${NAME}`, "");
    assertEquals(await findDenort({ DENO_DIR: folder }), "cache");
    const DENORT_BIN = `${folder}/${NAME}`;
    assertEquals(await findDenort({ DENO_DIR: folder, DENORT_BIN }), "environment");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("findDenort() refuses a DENORT_BIN that does not exist", async () => {
  const error = await assertRejects(() => findDenort({ DENORT_BIN: "/nowhere" }), HostError);
  assertEquals(error.remedy, "unset it");
});
