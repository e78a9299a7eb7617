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
    'must be a name without slashes, got "a/b"',
  ),
  "a closID of ..": refusal(
    "linux.intelRdt.closID",
    "..",
    'must be a name without slashes, got ".."',
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
});
