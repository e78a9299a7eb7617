import { big, type Refusal, testPasses, testRefusals } from "./refusals.ts";

function refusal(path: string, value: unknown, problem: string, jsonPath = path): Refusal {
  return {
    changes: [[`linux.resources.${path}`, value]],
    jsonPath: `linux.resources.${jsonPath}`,
    problem,
  };
}

testRefusals({
  "a device rule for FIFOs": refusal(
    "devices",
    [{ allow: false }, { allow: true, type: "p" }],
    'must be a, b or c, got "p"',
    "devices[1].type",
  ),
  "an unknown access to a device": refusal(
    "devices",
    [{ allow: true, access: "rx" }],
    'must consist of the letters r, w and m, got "rx"',
    "devices[0].access",
  ),
  "less memory and swap than memory": refusal(
    "memory",
    big('{"limit": 9223372036854771712, "swap": 1000}'),
    "1000 is less than the memory limit of 9223372036854771712, which it includes",
    "memory.swap",
  ),
  "a swappiness of 101": refusal(
    "memory.swappiness",
    101,
    "101 is out of range, must be 0 to 100",
  ),
  "a block weight of 9": refusal(
    "blockIO.weight",
    9,
    "9 is out of range, must be 10 to 1000",
  ),
  "a device's leaf weight of 1001": refusal(
    "blockIO.weightDevice",
    [{ major: 8, minor: 0, leafWeight: 1001 }],
    "1001 is out of range, must be 10 to 1000",
    "blockIO.weightDevice[0].leafWeight",
  ),
  "a unified file outside the cgroup": refusal(
    "unified",
    { "memory.high/../../x": "1" },
    "is not a file of cgroup v2, must be CONTROLLER.PARAMETER such as memory.high",
    'unified["memory.high/../../x"]',
  ),
  "a unified name without a controller": refusal(
    "unified",
    { ".high": "1" },
    "is not a file of cgroup v2, must be CONTROLLER.PARAMETER such as memory.high",
    'unified[".high"]',
  ),
});

testPasses({
  "device rules with and without fields": [[
    "linux.resources.devices",
    [{ allow: false }, { allow: true, type: "", access: "" }, {
      allow: true,
      type: "a",
      access: "rwm",
      major: -1,
      minor: -1,
    }],
  ]],
  "unlimited swap": [["linux.resources.memory", { limit: 1000, swap: -1 }]],
  "unlimited memory": [["linux.resources.memory", { limit: -1, swap: 1000 }]],
  "a swappiness of -1 as an unsigned number": [[
    "linux.resources.memory",
    big('{"swappiness": 18446744073709551615}'),
  ]],
  "block weights of 0": [["linux.resources.blockIO", { weight: 0, leafWeight: 0 }]],
  "unified files": [["linux.resources.unified", {
    "memory.high": "1",
    "hugetlb.2MB.max": "max",
  }]],
});
