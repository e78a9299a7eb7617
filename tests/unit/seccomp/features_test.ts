import { assert, assertEquals, assertMatch } from "@std/assert";
import { libseccompVersion } from "../../../ffi/libseccomp.ts";
import { SECCOMP_FEATURES, seccompFeatures } from "../../../runtime/seccomp/features.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "../../../runtime/spec/spec_seccomp.ts";

Deno.test("SECCOMP_FEATURES has every name that the schema accepts", () => {
  assertEquals(SECCOMP_FEATURES, {
    actions: [...SECCOMP_ACTIONS].sort(),
    operators: [...SECCOMP_OPERATORS].sort(),
    archs: [...SECCOMP_ARCHITECTURES].sort(),
    knownFlags: [...SECCOMP_FLAGS],
  });
});

Deno.test("seccompFeatures() adds what this host supports", () => {
  const { seccomp, annotations } = seccompFeatures();
  const { enabled, supportedFlags = [] } = seccomp;
  assert(enabled && supportedFlags.includes("SECCOMP_FILTER_FLAG_TSYNC"));
  assert(supportedFlags.every((flag) => SECCOMP_FEATURES.knownFlags.includes(flag)));
  const version = annotations["io.github.seccomp.libseccomp.version"];
  assertEquals(version, libseccompVersion());
  assertMatch(version ?? "", /^2\./);
});
