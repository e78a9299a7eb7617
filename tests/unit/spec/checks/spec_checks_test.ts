import { assertEquals } from "@std/assert";
import { namespaces } from "../config.ts";
import { check, type Refusal, testPasses, testRefusals } from "./refusals.ts";

function badVersion(version: string): Refusal {
  return {
    changes: [["ociVersion", version]],
    jsonPath: "ociVersion",
    problem: `"${version}" is not supported, must be a version of major 1, such as 1.2.0`,
  };
}

testRefusals({
  "version 2.0.0": badVersion("2.0.0"),
  "version 0.5.0-dev": badVersion("0.5.0-dev"),
  "version 10.0.0": badVersion("10.0.0"),
  "a version of two parts": badVersion("1.0"),
  "a version that is a word": badVersion("latest"),
  "a version with an empty part": badVersion("1..0"),
  "a version in hexadecimal": badVersion("1.0x1.0"),
  "an empty version": badVersion(""),
  "an empty root path": {
    changes: [["root.path", ""]],
    jsonPath: "root.path",
    problem: "is empty, must be a directory",
  },
  "a hostname in the host's UTS namespace": {
    changes: [namespaces("uts")],
    jsonPath: "hostname",
    problem: "cannot be set in the host's UTS namespace: add uts to linux.namespaces",
  },
  "a domainname in the host's UTS namespace": {
    changes: [namespaces("uts"), ["hostname", ""], ["domainname", "example"]],
    jsonPath: "domainname",
    problem: "cannot be set in the host's UTS namespace: add uts to linux.namespaces",
  },
  "a hostname of 65 bytes": {
    changes: [["hostname", `${"é".repeat(32)}x`]],
    jsonPath: "hostname",
    problem: "has 65 bytes, but at most 64 are allowed",
  },
  "a domainname of 65 bytes": {
    changes: [["domainname", "x".repeat(65)]],
    jsonPath: "domainname",
    problem: "has 65 bytes, but at most 64 are allowed",
  },
  "an annotation without a key": {
    changes: [["annotations", { a: "b", "": "c" }]],
    jsonPath: "annotations",
    problem: "has an empty key",
  },
  "a hook with a relative path": {
    changes: [["hooks.poststop", [{ path: "/bin/a" }, { path: "bin/b" }]]],
    jsonPath: "hooks.poststop[1].path",
    problem: 'must be an absolute path, got "bin/b"',
  },
});

testPasses({
  "version 1.0.0": [["ociVersion", "1.0.0"]],
  "version 1.0.2-dev": [["ociVersion", "1.0.2-dev"]],
  "version 1.3.0": [["ociVersion", "1.3.0"]],
  "version 1.1.0-rc.1+build.5": [["ociVersion", "1.1.0-rc.1+build.5"]],
  "a hostname of 64 bytes": [["hostname", "é".repeat(32)]],
  "a hostname in a UTS namespace that is joined": [
    namespaces("uts", { type: "uts", path: "/run/uts" }),
  ],
  "hooks of all moments": [[
    "hooks",
    Object.fromEntries(
      ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
        .map((moment) => [moment, [{ path: "/bin/true" }]]),
    ),
  ]],
  "properties of hooks that the spec does not name": [["hooks.later", [1]]],
});

Deno.test("checkSpec() warns of every annotation of crun's that nothing is made of, and says what is there instead", async () => {
  const of = (names: readonly string[]) =>
    check(["annotations", Object.fromEntries(names.map((name) => [`run.oci.${name}`, "x"]))]);
  const instead = {
    "hooks.stderr": ": the error of a failed hook includes its output",
    "hooks.stdout": ": the error of a failed hook includes its output",
    "mount_context_type": ": linux.mountLabel is the context of all files",
    "pidfd_receiver": ": use the option --pidfd-socket",
    "seccomp.receiver": ": use linux.seccomp.listenerPath",
    "timens_offset": ": use linux.timeOffsets",
    "seccomp.plugins": "",
    "seccomp_fail_unknown_syscall": "",
    "systemd.subgroup": "",
    "delegate-cgroup": "",
    "of_a_later_crun": "",
  };
  assertEquals(
    await of(Object.keys(instead)),
    Object.entries(instead).map(([name, more]) =>
      `annotations["run.oci.${name}"]: is ignored${more}`
    ),
  );
  assertEquals(await of(["handler", "keep_original_groups"]), []);
  assertEquals(await check(["annotations", { "run.oci.systemd.subgroup": "" }]), []);
});
