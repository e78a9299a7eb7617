/** events: statistics as runc's, OOM events, and when the stream ends. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { cgroupPaths, type CgroupRecord } from "../../runtime/cgroup/path.ts";
import { readStats } from "../../runtime/cgroup/stats/stats.ts";
import { stringifyJson } from "../../runtime/spec/json.ts";
import { type JsonObject, makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { isThere } from "../../runtime/common/files.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { layout } from "./cgroup_fixture.ts";
import { until } from "../harness/until.ts";

interface Event {
  readonly type: string;
  readonly id: string;
  // deno-lint-ignore no-explicit-any
  readonly data?: any;
}

const LIMIT = 48 << 20;
const LIMITS: JsonObject = {
  resources: { memory: { limit: LIMIT, swap: LIMIT }, pids: { limit: 30 } },
};

/** Reads the events of a stream as they come. */
class Stream {
  readonly events: Event[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(kago: Kago, interval: string) {
    const args = ["--root", kago.root, "events", "--interval", interval, kago.id];
    this.#child = new Deno.Command(KAGO, { args, stdin: "null", stdout: "piped" }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.events.push(JSON.parse(line));
    }
    assertEquals(rest, "");
  }

  of(type: string): Event[] {
    return this.events.filter((event) => event.type === type);
  }

  /** Waits until there are so many events of the type. */
  async until(type: string, count: number): Promise<void> {
    await until(
      () => `${count} of ${type}, but ${JSON.stringify(this.events)}`,
      () => this.of(type).length >= count,
    );
  }

  /** The exit code of a stream that must end by itself. */
  async end(): Promise<number> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 120_000);
    const { code } = await this.#child.status;
    clearTimeout(timer);
    await this.#reading;
    return code;
  }
}

async function started(script: string, use: (kago: Kago) => Promise<void>): Promise<void> {
  const options = { args: ["sh", "-c", script], config: { linux: LIMITS } };
  await Kago.with(options, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await use(kago);
  });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("events --stats prints one line of what the container uses", async () => {
  await started(
    "sleep 1000 & sleep 1001 & i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; wait",
    async (kago) => {
      await kago.says("ready\n");
      const { code, stdout, stderr } = await kago.run("events", "--stats", kago.id);
      assertEquals(code, 0, stderr);
      assertEquals(stdout.split("\n").length, 2);
      const { type, id, data }: Event = JSON.parse(stdout);
      assertEquals([type, id], ["stats", kago.id]);
      assert(data.cpu.usage.total > 1_000_000, stdout);
      assertEquals(data.pids, { current: 3, limit: 30 });
      assertEquals(data.memory.usage.limit, LIMIT);
      assert(data.memory.usage.usage > 100_000 && data.memory.usage.usage < LIMIT, stdout);
      assertEquals([data.intel_rdt, data.network_interfaces], [{}, null]);
    },
  );
});

Deno.test("events prints statistics at its interval, of a paused container too, until it stops", async () => {
  await started("sleep 1000", async (kago) => {
    const stream = new Stream(kago, "100ms");
    await stream.until("stats", 2);
    assertEquals((await kago.run("pause", kago.id)).code, 0);
    await stream.until("stats", stream.of("stats").length + 3);
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    assertEquals(await stream.end(), 0);
    assertEquals(stream.of("oom"), []);
  });
});

Deno.test("events tells of a process that is killed for memory, once, and goes on", async () => {
  const script = "while [ ! -e /go ]; do sleep 0.05; done; " +
    "dd if=/dev/zero of=/dev/null bs=200M count=1; exec sleep 1000";
  await started(script, async (kago) => {
    const stream = new Stream(kago, "200ms");
    await stream.until("stats", 1);
    await Deno.writeTextFile(`${kago.bundle.rootfs}/go`, "");
    await stream.until("oom", 1);
    await stream.until("stats", stream.of("stats").length + 2);
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
    assertEquals(await stream.end(), 0);
    assertEquals(stream.of("oom"), [{ type: "oom", id: kago.id }]);
  });
});

Deno.test("events tells of an Init that is killed for memory before it ends", async () => {
  const script = "while [ ! -e /go ]; do sleep 0.05; done; " +
    "exec dd if=/dev/zero of=/dev/null bs=200M count=1";
  await started(script, async (kago) => {
    const stream = new Stream(kago, "200ms");
    await stream.until("stats", 1);
    await Deno.writeTextFile(`${kago.bundle.rootfs}/go`, "");
    assertEquals(await stream.end(), 0);
    // It may be some time in dying, and statistics go on until then.
    assertEquals(stream.of("oom"), [{ type: "oom", id: kago.id }]);
  });
});

Deno.test("events refuses a stopped container and a bad interval", async () => {
  await started("true", async (kago) => {
    await kago.until("stopped");
    for (const options of [["--stats"], []]) {
      const { code, stderr } = await kago.run("events", ...options, kago.id);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `cannot report events of container ${kago.id}: it is stopped`);
    }
    const { code, stderr } = await kago.run("events", "--interval", "0s", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "is not above 0");
  });
});

/** Some work of each kind that is counted, and then nothing, so that the figures stay. */
const LOAD =
  "sleep 1000 & dd if=/bin/busybox of=/load bs=64k conv=fsync; cat /load /load >/dev/null; " +
  "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo done >/ready; wait";

/** A container of runc's with the load done, paused, and its cgroup as kago knows it. */
async function withRunc(use: (runc: string[], id: string, record: CgroupRecord) => Promise<void>) {
  const id = `kago-test-stats-${Deno.pid}`;
  const cgroupsPath = `/${id}`;
  const bundle = await makeBundle({
    args: ["sh", "-c", LOAD],
    config: { linux: { ...LIMITS, cgroupsPath } },
  });
  const runc = ["--root", `${bundle.path}/runc`];
  try {
    const output = `${bundle.path}/output`;
    const created = await run("runc", [...runc, "run", "-d", "-b", bundle.path, id], { output });
    assertEquals(created.code, 0, created.stdout);
    await until("its work is done", () => isThere(`${bundle.rootfs}/ready`));
    await runOk("runc", [...runc, "pause", id]);
    await use(runc, id, cgroupPaths(layout, cgroupsPath, id));
  } finally {
    await run("runc", [...runc, "delete", "--force", id]);
    await removeBundle(bundle);
  }
}

Deno.test("the statistics of a cgroup are, byte for byte, those that runc prints of it", async () => {
  await withRunc(async (runc, id, record) => {
    const ours = () => {
      const data = { ...readStats(record), intel_rdt: {}, network_interfaces: null };
      return asOldRunc({ type: "stats", id, data });
    };
    // The kernel gathers the counts of its CPUs when it likes, also of processes that stand still: a figure has to be
    // runc's in one reading, not every figure in the same one.
    const parts = (text: string) => text.split(/(\d+)/);
    let theirs: string[] = [];
    let after: string[] = [];
    let unlike: number[] = [];
    for (let i = 0; i < 100 && (unlike.length > 0 || i === 0); i++) {
      await wait(5 * i);
      const before = parts(ours());
      const count = theirs.length;
      theirs = parts(asOldRunc(await runOk("runc", [...runc, "events", "--stats", id])));
      after = parts(ours());
      if (theirs.length !== count) unlike = theirs.map((_, index) => index);
      unlike = unlike.filter((at) => before[at] !== theirs[at] && after[at] !== theirs[at]);
    }
    if (unlike.length > 0) assertEquals(after.join(""), theirs.join(""));
    assertEquals(after.length, theirs.length);
    assert(theirs.some((part) => part.includes('"total":')), theirs.join(""));
  });
});

/** Debian's runc 1.1 knows no pressure and no peak, lists v2's devices in random order, and in Debian 13 no huge pages. */
function asOldRunc(event: string | object): string {
  const text = typeof event === "string" ? event.trim() : stringifyJson(event);
  if (layout.mode !== "v2") return text;
  // Digits are kept as they are.
  const parsed = JSON.parse(
    text,
    (_key, value, context?: { source?: string }) =>
      typeof value === "number" ? `#${context?.source}#` : value,
  );
  const { data } = parsed;
  for (const part of [data.cpu, data.memory, data.blkio]) delete part.psi;
  delete data.memory.usage.max;
  const isUnused = (use: object) => JSON.stringify(use) === '{"failcnt":"#0#"}';
  data.hugetlb = Object.fromEntries(
    Object.entries(data.hugetlb).filter(([, use]) => !isUnused(use as object)),
  );
  for (const list of Object.values(data.blkio)) (list as object[]).sort(byText);
  return JSON.stringify(parsed);
}

function byText(a: object, b: object): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
