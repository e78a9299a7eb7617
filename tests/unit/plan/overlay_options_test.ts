import { assertEquals } from "@std/assert";
import { overlayOptions } from "../../../runtime/plan/overlay_options.ts";

const LAYER = `/layers/${"x".repeat(90)}`;

Deno.test("overlayOptions() leaves alone what mount(2) takes", () => {
  const few = ["ro", `lowerdir=${Array(40).fill(LAYER).join(":")}`, "xino=off"];
  assertEquals(overlayOptions(few), few);
});

Deno.test("overlayOptions() takes apart what a page cannot hold, colons in names and data layers too", () => {
  const layers = Array.from({ length: 60 }, (_, index) => `${LAYER}${index}`);
  const lowerdir = `lowerdir=${layers.join(":")}:/a\\:b\\\\c::/data1::/data2`;
  assertEquals(overlayOptions(["ro", lowerdir, "upperdir=/u"]), [
    "ro",
    ...layers.map((layer) => `lowerdir+=${layer}`),
    "lowerdir+=/a:b\\c",
    "datadir+=/data1",
    "datadir+=/data2",
    "upperdir=/u",
  ]);
});
