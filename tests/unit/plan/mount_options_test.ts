import { assertEquals } from "@std/assert";
import { knownMountOptions, parseMountOptions } from "../../../runtime/plan/mount_options.ts";

Deno.test("parseMountOptions() lets a later option win over an earlier one", () => {
  assertEquals(parseMountOptions(["ro", "rw"]).attrs, { set: 0n, clear: 0x1n });
  assertEquals(parseMountOptions(["rw", "ro"]).attrs, { set: 0x1n, clear: 0n });
});

Deno.test("parseMountOptions() clears the whole access time field to change it", () => {
  assertEquals(parseMountOptions(["noatime"]).attrs, { set: 0x10n, clear: 0x70n });
  assertEquals(parseMountOptions(["noatime", "strictatime"]).attrs, { set: 0x20n, clear: 0x70n });
});

Deno.test("parseMountOptions() leaves what it does not know to the filesystem", () => {
  const { data, bind, copyUp } = parseMountOptions([
    "size=1m",
    "sync",
    "defaults",
    "tmpcopyup",
    "huge",
  ]);
  assertEquals(data, ["size=1m", "sync", "huge"]);
  assertEquals([bind, copyUp], [false, true]);
});

Deno.test("parseMountOptions() keeps what stands behind idmap, the last one wins", () => {
  const read = (...options: string[]) => {
    const { idmap, recursiveIdmap, idmapText, data } = parseMountOptions(options);
    return [idmap, recursiveIdmap, idmapText, data];
  };
  assertEquals(read("ro"), [false, false, undefined, []]);
  assertEquals(read("idmap", "ridmap"), [true, true, undefined, []]);
  assertEquals(read("ridmap=uids=0-1-2"), [true, true, "uids=0-1-2", []]);
  assertEquals(read("ridmap", "idmap=x"), [true, false, "x", []]);
});

Deno.test("parseMountOptions() takes options apart that are joined by commas", () => {
  const { data, attrs, bind } = parseMountOptions(["ro,size=1m,mode=700", "noexec,bind"]);
  assertEquals([data, attrs.set, bind], [["size=1m", "mode=700"], 0x9n, true]);
});

Deno.test("parseMountOptions() leaves a comma in a quotation or behind a backslash alone", () => {
  const options = ['context="u:r:t:s0:c1,c2",size=1m', "lowerdir=/a\\,b:/c,upperdir=/d", "x=,y\\"];
  assertEquals(parseMountOptions(options).data, [
    'context="u:r:t:s0:c1,c2"',
    "size=1m",
    "lowerdir=/a\\,b:/c",
    "upperdir=/d",
    "x=",
    "y\\",
  ]);
});

Deno.test("knownMountOptions() is sorted and without doubles", () => {
  const known = knownMountOptions();
  assertEquals(known, [...new Set(known)].sort());
  assertEquals(
    ["bind", "rro", "rslave", "nosymfollow"].filter((name) => !known.includes(name)),
    [],
  );
});
