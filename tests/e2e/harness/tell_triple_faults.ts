/**
 * Preloaded before test files that run microVMs in an emulated host. A failure's message then says whether a triple
 * fault, which is the emulation's, may be its cause; any other is a fault of kago's or of the test's.
 */
import { aroundTests, type TestFunction } from "../../harness/around_tests.ts";
import { setMicrovmLogLevel } from "../../harness/libkrun_log.ts";
import { countTripleFaults, SENTENCE, tripleFaults } from "./triple_faults.ts";

/** How often the kernel has killed a process because memory ran out (proc_vmstat(5)). */
function outOfMemoryKills(): number {
  return Number(/^oom_kill (\d+)$/m.exec(Deno.readTextFileSync("/proc/vmstat"))![1]);
}

function telling(test: TestFunction): TestFunction {
  return async (context) => {
    try {
      await test(context);
    } catch (error) {
      const facts = `${SENTENCE} ${tripleFaults() - faultsBefore}; ` +
        `kills for want of memory since the boot: ${outOfMemoryKills()}`;
      throw new Error(`${error instanceof Error ? error.message : error}\n${facts}`, {
        cause: error,
      });
    }
  };
}

setMicrovmLogLevel();
countTripleFaults();
const faultsBefore = tripleFaults();
aroundTests(telling);
