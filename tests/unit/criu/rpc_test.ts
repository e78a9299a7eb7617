import { assertEquals } from "@std/assert";
import { decodeResponse, encodeNotified, encodeRequest } from "../../../runtime/criu/rpc.ts";

const hex = (bytes: Uint8Array<ArrayBuffer>) => bytes.toHex();

Deno.test("encodeRequest() writes criu's numbers of types and options", () => {
  const opts = { images_dir_fd: 7, pid: 300, cg_root: [{ ctrl: "", path: "/x" }] };
  assertEquals(
    hex(encodeRequest({ type: "preDump", opts })),
    "0804" + "120e" + "0807" + "10ac02" + "ca0106" + "0a00" + "12022f78",
  );
});

Deno.test("encodeNotified() lets criu go on after a notification, or give up", () => {
  assertEquals(hex(encodeNotified(true)), "08061801");
  assertEquals(hex(encodeNotified(false)), "08061800");
});

Deno.test("decodeResponse() reads a notification, a failure and a restored process", () => {
  const read = (text: string) => decodeResponse(Uint8Array.fromHex(text));
  assertEquals(read("08061001" + "2a06" + "0a0261621007"), {
    type: 6,
    success: true,
    notify: { script: "ab", pid: 7 },
  });
  assertEquals(read("08021000" + "380d" + "4a0178"), {
    type: 2,
    success: false,
    cr_errno: 13,
    cr_errmsg: "x",
  });
  assertEquals(read("08021001" + "2202" + "082a"), {
    type: 2,
    success: true,
    restore: { pid: 42 },
  });
});
