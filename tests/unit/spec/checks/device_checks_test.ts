import { type Refusal, testPasses, testRefusals } from "./refusals.ts";

const DEVICE = { type: "c", path: "/dev/fuse", major: 10, minor: 229 };

function refusal(change: Record<string, unknown>, field: string, problem: string): Refusal {
  return {
    changes: [["linux.devices", [DEVICE, { ...DEVICE, ...change }]]],
    jsonPath: `linux.devices[1].${field}`,
    problem,
  };
}

testRefusals({
  "a relative device path": refusal(
    { path: "fuse" },
    "path",
    'must be an absolute path, got "fuse"',
  ),
  "a device path with ..": refusal(
    { path: "/dev/../etc/x" },
    "path",
    'must name a file and have no .., got "/dev/../etc/x"',
  ),
  "a device path of slashes only": refusal(
    { path: "//" },
    "path",
    'must name a file and have no .., got "//"',
  ),
  "a character device without major": refusal(
    { major: undefined },
    "major",
    "is required for a device of type c",
  ),
  "a block device without minor": refusal(
    { type: "b", minor: undefined },
    "minor",
    "is required for a device of type b",
  ),
  "a major number of 13 bits": refusal(
    { major: 4096 },
    "major",
    "4096 is out of range, must be 0 to 4095",
  ),
  "a minor number of 21 bits": refusal(
    { minor: 1048576 },
    "minor",
    "1048576 is out of range, must be 0 to 1048575",
  ),
  "a file mode of 17 bits": refusal(
    { fileMode: 0o200000 },
    "fileMode",
    "65536 is out of range, must be 0 to 65535",
  ),
});

testPasses({
  "a FIFO without numbers": [["linux.devices", [{ type: "p", path: "/dev/pipe" }]]],
  "a file mode with the type's bits": [["linux.devices", [{ ...DEVICE, fileMode: 0o20666 }]]],
});
