import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { guestConfigFile } from "../../../../../executors/libkrun/guest/config_file.ts";
import { SpecError } from "../../../../../runtime/common/errors.ts";
import { parseJson } from "../../../../../runtime/spec/json.ts";
import type { Spec } from "../../../../../runtime/spec/spec.ts";

const SPEC: Spec = {
  ociVersion: "1.2.0",
  hooks: { poststop: [{ path: "/hook", args: ["hook"], env: ["H=1"] }] },
  process: { terminal: true, user: { uid: 0 }, args: ["sh"], env: ["A=b"], cwd: "/tmp" },
  root: { path: "rootfs" },
};

function text(spec: Spec): string {
  return new TextDecoder().decode(guestConfigFile(spec).data);
}

Deno.test("guestConfigFile() duplicates config.json", () => {
  assertEquals(parseJson(text(SPEC)), { Entrypoint: [], ...SPEC });
  assertEquals(guestConfigFile(SPEC).name, ".krun_config.json");
});

Deno.test("guestConfigFile() puts what the guest init looks for before everything else", () => {
  assertMatch(
    text(SPEC),
    /^{"Entrypoint":\[\],"process":{"cwd":"\/tmp","args":\["sh"\],"env":\["A=b"\],/,
  );
});

Deno.test("guestConfigFile() has an env even if the spec has none, lest the init takes a hook's", () => {
  const spec: Spec = { ...SPEC, process: { cwd: "/", args: ["sh"] } };
  assertMatch(text(spec), /^{"Entrypoint":\[\],"process":{"cwd":"\/","args":\["sh"\],"env":\[\]}/);
});

Deno.test("guestConfigFile() writes UTF-8 without escapes", () => {
  const spec: Spec = { ...SPEC, process: { cwd: "/", args: ["é\u2028𝄞"] } };
  assertMatch(text(spec), /"args":\["é\u2028𝄞"\]/);
});

Deno.test("guestConfigFile() keeps all digits of 64-bit integers", () => {
  const limit = 9223372036854771712n;
  const spec: Spec = { ...SPEC, linux: { resources: { memory: { limit } } } };
  assertMatch(text(spec), /"limit":9223372036854771712}/);
});

Deno.test("guestConfigFile() belongs to the user that the VMM runs as", () => {
  const process = { cwd: "/", user: { uid: 1000, gid: 1001 } };
  const { uid, gid } = guestConfigFile({ ...SPEC, process });
  assertEquals({ uid, gid }, { uid: 1000, gid: 1001 });
  assertEquals(guestConfigFile(SPEC).uid, 0);
});

Deno.test("guestConfigFile() maps the owner out of a user namespace", () => {
  const spec: Spec = {
    ...SPEC,
    process: { cwd: "/", user: { uid: 1000, gid: 5 } },
    linux: {
      namespaces: [{ type: "user" }],
      uidMappings: [
        { containerID: 0, hostID: 100000, size: 1000 },
        { containerID: 1000, hostID: 300000, size: 1 },
      ],
      gidMappings: [{ containerID: 0, hostID: 200000, size: 65536 }],
    },
  };
  const { uid, gid } = guestConfigFile(spec);
  assertEquals({ uid, gid }, { uid: 300000, gid: 200005 });
});

Deno.test("guestConfigFile() refuses a user that has no id on the host", () => {
  const mappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
  const linux: Spec["linux"] = {
    namespaces: [{ type: "user" }],
    uidMappings: mappings,
    gidMappings: mappings,
  };
  const process = { cwd: "/", user: { uid: 1000 } };
  const error = assertThrows(() => guestConfigFile({ ...SPEC, process, linux }), SpecError);
  assertEquals(error.jsonPath, "process.user.uid");
});
