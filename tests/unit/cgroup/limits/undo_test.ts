import { assertEquals } from "@std/assert";
import { undoValues } from "../../../../runtime/cgroup/limits/undo.ts";

Deno.test("undoValues() of a file with one value is what it held", () => {
  assertEquals(undoValues("memory.max", "1048576\n", "max"), ["1048576"]);
  assertEquals(undoValues("cpu.max", "max 100000\n", "5000 20000"), ["max 100000"]);
  assertEquals(undoValues("cpuset.cpus", "\n", "0"), ["\n"]);
});

Deno.test("undoValues() of a file with devices is the device's line", () => {
  const before =
    "8:0 rbps=1 wbps=max riops=max wiops=2\n8:16 rbps=7 wbps=max riops=max wiops=max\n";
  assertEquals(undoValues("io.max", before, "8:16 rbps=100"), [
    "8:16 rbps=7 wbps=max riops=max wiops=max",
  ]);
  const file = "blkio.throttle.read_bps_device";
  assertEquals(undoValues(file, "8:0 1000\n", "8:0 5"), ["8:0 1000"]);
});

Deno.test("undoValues() of a device that had no line takes it away", () => {
  assertEquals(undoValues("io.max", "", "8:1 rbps=100"), [
    "8:1 rbps=max wbps=max riops=max wiops=max",
  ]);
  assertEquals(undoValues("blkio.throttle.read_bps_device", "8:0 9\n", "8:1 5"), ["8:1 0"]);
  assertEquals(undoValues("io.weight", "default 100\n", "8:0 5"), ["8:0 default"]);
  assertEquals(undoValues("rdma.max", "", "mlx5 hca_handle=1"), [
    "mlx5 hca_handle=max hca_object=max",
  ]);
});

Deno.test("undoValues() of a weight without a device is the default line", () => {
  assertEquals(undoValues("io.weight", "default 100\n8:0 7\n", "500"), ["default 100"]);
  assertEquals(undoValues("io.bfq.weight", "default 80\n", "500"), ["default 80"]);
});

Deno.test("undoValues() of the OOM killer's file is its first field alone", () => {
  const before = "oom_kill_disable 1\nunder_oom 0\noom_kill 3\n";
  assertEquals(undoValues("memory.oom_control", before, "0"), ["1"]);
});

Deno.test("undoValues() of an interface's priority is its line", () => {
  assertEquals(undoValues("net_prio.ifpriomap", "lo 0\neth0 4\n", "eth0 9"), ["eth0 4"]);
});
