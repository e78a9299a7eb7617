import { type Refusal, testPasses, testRefusals } from "./refusals.ts";

function refusal(path: string, value: unknown, problem: string, jsonPath = path): Refusal {
  return { changes: [[path, value]], jsonPath, problem };
}

testRefusals({
  "a cgroupsPath that climbs": refusal(
    "linux.cgroupsPath",
    "/a/../../b",
    'must have no .., got "/a/../../b"',
  ),
  "a host interface that cannot exist": refusal(
    "linux.netDevices",
    { "eth0/1": {} },
    "is not the name of a network interface",
    'linux.netDevices["eth0/1"]',
  ),
  "an interface name of 16 bytes": refusal(
    "linux.netDevices",
    { eth0: { name: "sixteen-bytes-xx" } },
    '"sixteen-bytes-xx" is not the name of a network interface',
    "linux.netDevices.eth0.name",
  ),
  "an interface name with a space": refusal(
    "linux.netDevices",
    { eth0: { name: "a b" } },
    '"a b" is not the name of a network interface',
    "linux.netDevices.eth0.name",
  ),
  "an interface named ..": refusal(
    "linux.netDevices",
    { "..": {} },
    "is not the name of a network interface",
    'linux.netDevices[".."]',
  ),
  "a closID with a slash": refusal(
    "linux.intelRdt.closID",
    "a/b",
    'must be the name of a group, without slashes, or / alone, got "a/b"',
  ),
  "a closID of ..": refusal(
    "linux.intelRdt.closID",
    "..",
    'must be the name of a group, without slashes, or / alone, got ".."',
  ),
  "a closID that is a folder of the kernel's": refusal(
    "linux.intelRdt.closID",
    "info",
    'must be the name of a group, without slashes, or / alone, got "info"',
  ),
  "a schema of two lines": refusal(
    "linux.intelRdt.schemata",
    ["L3:0=f", "L2:0=f\nMB:0=10"],
    'must be one line such as L3:0=ff;1=f, got "L2:0=f\\nMB:0=10"',
    "linux.intelRdt.schemata[1]",
  ),
  "a cache schema without a resource": refusal(
    "linux.intelRdt.l3CacheSchema",
    "0=f",
    'must be one line such as L3:0=ff;1=f, got "0=f"',
  ),
  "a memory policy without mode": refusal(
    "linux.memoryPolicy",
    { nodes: "0" },
    "is required, such as MPOL_BIND",
    "linux.memoryPolicy.mode",
  ),
  "a personality without domain": refusal(
    "linux.personality",
    { flags: [] },
    "is required: LINUX or LINUX32",
    "linux.personality.domain",
  ),
});

testPasses({
  "a cgroupsPath of systemd": [["linux.cgroupsPath", "machine.slice:kago:one..two"]],
  "network devices with and without a name": [[
    "linux.netDevices",
    { eth0: { name: "ctr0" }, ens4: {}, ens5: { name: "" } },
  ]],
  "a closID with dots": [["linux.intelRdt.closID", "a..b"]],
  "the root of resctrl, and schemata of lines": [[
    "linux.intelRdt",
    { closID: "/", l3CacheSchema: "L3:0=f", schemata: ["MB:0=20;1=70"] },
  ]],
});
