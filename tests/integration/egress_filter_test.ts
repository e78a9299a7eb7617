/** Egress rules in force, on any host with a v2 hierarchy, tried by real sockets in a network namespace of the test's own. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { setProgram } from "../../runtime/cgroup/bpf_program.ts";
import { cgroupfsDriver, createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import type { CgroupDriver } from "../../runtime/cgroup/drivers/driver.ts";
import { attachEgress, readRefusals } from "../../runtime/cgroup/egress/egress_filter.ts";
import { EGRESS_KINDS } from "../../runtime/cgroup/egress/egress_kinds.ts";
import { egressRules } from "../../runtime/cgroup/egress/egress_rules.ts";
import type { CgroupRecord } from "../../runtime/cgroup/path.ts";
import { HostError } from "../../runtime/common/errors.ts";
import { beginCgroup } from "../../runtime/container/launch_cgroup.ts";
import { compileC } from "../harness/c_program.ts";
import { runOk } from "../harness/run.ts";
import { allExist, layout, only, test, TOP } from "./cgroup_fixture.ts";

const FROM = 'annotations["run.kago.egress"]';

async function rulesOf(...texts: string[]) {
  return await egressRules(texts.map((text) => ({ from: FROM, text })), {
    ownLoopback: true,
    resolvConf: () => "nameserver 192.0.2.53\n",
    lookUp: () => Promise.resolve(["192.0.2.9"]),
  });
}

/** A cgroup beside the one with rules. */
const UNLIMITED = `${layout.hierarchies.find(({ version }) => version === 2)?.mountPoint}/${TOP}/u`;

const NAMESPACE = `kago-egress-${Deno.pid}`;

type Answers = Promise<Record<string, string>>;

/** A cgroup with these rules; `attempt` says what becomes of each word of connect_tool.c in there, or in another cgroup. */
function testLists(
  name: string,
  lists: readonly string[],
  body: (
    attempt: (...words: string[]) => Answers,
    v2: CgroupRecord,
    attemptIn: (path: string, ...words: string[]) => Answers,
  ) => Promise<void>,
): void {
  test(name, async (record) => {
    const v2 = only(record, 2);
    const [unified] = v2.directories;
    if (!unified) return console.log("no v2 hierarchy here");
    createCgroup(v2, []);
    Deno.mkdirSync(UNLIMITED);
    attachEgress(v2, await rulesOf(...lists));
    const tool = await compileC(new URL("../harness/connect_tool.c", import.meta.url));
    await runOk("ip", ["netns", "add", NAMESPACE]);
    try {
      const ip = (...words: string[]) => runOk("ip", ["-n", NAMESPACE, ...words]);
      // What is an address of the namespace's own answers: nobody listens.
      await ip("link", "set", "lo", "up");
      const everybody = "net.ipv4.ping_group_range=0 2147483647";
      await runOk("ip", ["netns", "exec", NAMESPACE, "sysctl", "-qw", everybody]);
      for (const address of ["192.0.2.1/24", "198.51.100.1/24"]) {
        await ip("addr", "add", address, "dev", "lo");
      }
      for (const address of ["2001:db8::1/64", "2001:db8:1::1/64"]) {
        await ip("addr", "add", address, "dev", "lo", "nodad");
      }
      const attemptIn = async (path: string, ...words: string[]) => {
        // ip shows another /sys.
        const text = await runOk("sh", [
          ...["-c", 'echo 0 > "$0/cgroup.procs" && exec ip netns exec "$@"', path],
          ...[NAMESPACE, tool, ...words],
        ]);
        return Object.fromEntries(
          text.trim().split("\n").map((line) => line.split(" ") as [string, string]),
        );
      };
      await body((...words) => attemptIn(unified.path, ...words), v2, attemptIn);
    } finally {
      await runOk("ip", ["netns", "delete", NAMESPACE]);
      await Deno.remove(tool);
    }
  });
}

testLists("an empty list allows loopback alone", [""], async (attempt) => {
  assertEquals(
    await attempt(
      "tcp=127.0.0.1=80",
      "tcp=::1=80",
      "tcp=::ffff:127.0.0.1=80",
      "datagram=0.0.0.0=53",
      "tcp=192.0.2.1=80",
      "tcp=2001:db8::1=80",
      "tcp=::ffff:192.0.2.1=80",
      "udp=192.0.2.1=80",
      "datagram=192.0.2.1=80",
      "datagram=2001:db8::1=80",
    ),
    {
      "tcp=127.0.0.1=80": "ECONNREFUSED",
      "tcp=::1=80": "ECONNREFUSED",
      "tcp=::ffff:127.0.0.1=80": "ECONNREFUSED",
      "datagram=0.0.0.0=53": "ok",
      "tcp=192.0.2.1=80": "EPERM",
      "tcp=2001:db8::1=80": "EPERM",
      "tcp=::ffff:192.0.2.1=80": "EPERM",
      "udp=192.0.2.1=80": "EPERM",
      "datagram=192.0.2.1=80": "EPERM",
      "datagram=2001:db8::1=80": "EPERM",
    },
  );
});

testLists(
  "addresses, blocks, ports and protocols are told apart",
  ["192.0.2.0/24:80-90/tcp,[2001:db8::/64]:443,198.51.100.1:53/udp"],
  async (attempt) => {
    const allowed = [
      "tcp=192.0.2.1=80",
      "tcp=192.0.2.1=90",
      "fastopen=192.0.2.1=80",
      "tcp=::ffff:192.0.2.1=85",
      "tcp=2001:db8::1=443",
    ];
    const refused = [
      "tcp=192.0.2.1=79",
      "tcp=192.0.2.1=91",
      "fastopen=192.0.2.1=79",
      "tcp=::ffff:192.0.2.1=91",
      "udp=192.0.2.1=80",
      "datagram=::ffff:192.0.2.1=80",
      "astray=192.0.2.1=80",
      "tcp=2001:db8::1=80",
      "tcp=2001:db8:1::1=443",
      "astray=2001:db8:1::1=443",
      "tcp=198.51.100.1=53",
    ];
    const datagrams = ["datagram=198.51.100.1=53", "udp=198.51.100.1=53", "udp=2001:db8::1=443"];
    assertEquals(await attempt(...allowed), said(allowed, "ECONNREFUSED"));
    assertEquals(await attempt(...datagrams), said(datagrams, "ok"));
    assertEquals(await attempt(...refused), said(refused, "EPERM"));
  },
);

function said(words: readonly string[], result: string): Record<string, string> {
  return Object.fromEntries(words.map((word) => [word, result]));
}

testLists(
  "of two lists each must allow",
  ["192.0.2.0/24,*:443", "198.51.100.0/24:443,192.0.2.1:80"],
  async (attempt) => {
    const allowed = ["tcp=192.0.2.1=80", "tcp=198.51.100.1=443", "tcp=::ffff:198.51.100.1=443"];
    const refused = ["tcp=192.0.2.1=443", "tcp=198.51.100.1=80", "tcp=2001:db8::1=443"];
    assertEquals(await attempt(...allowed), said(allowed, "ECONNREFUSED"));
    assertEquals(await attempt(...refused), said(refused, "EPERM"));
  },
);

testLists(
  "sockets that are neither TCP nor UDP are not to be had",
  ["*"],
  async (attempt, _, attemptIn) => {
    const others = ["raw", "ping", "mptcp"];
    assertEquals(await attempt(...others), said(others, "EPERM"));
    assertEquals(await attemptIn(UNLIMITED, ...others), said(others, "ok"));
  },
);

testLists(
  "a route of the sender's leads nowhere, even over allowed addresses",
  ["*"],
  async (attempt, v2, attemptIn) => {
    const routed = ["routed=192.0.2.1=80", "routed=2001:db8::1=80"];
    assertEquals(await attempt(...routed), said(routed, "EPERM"));
    assertEquals(await attemptIn(UNLIMITED, ...routed), said(routed, "ok"));
    assertEquals(readRefusals(v2), [{
      what: "packets whose route the sender has chosen",
      count: 2,
    }]);
  },
);

testLists("what is refused is counted", ["192.0.2.1:80"], async (attempt, v2) => {
  assertEquals(readRefusals(v2), []);
  await attempt("tcp=192.0.2.1=80", "tcp=192.0.2.1=81", "tcp=192.0.2.1=81", "raw");
  await attempt("datagram=2001:db8::1=53", "udp=2001:db8::1=53", "tcp=192.0.2.1=81");
  assertEquals(readRefusals(v2), [
    { what: "192.0.2.1:81/tcp", count: 3 },
    { what: "[2001:db8::1]:53/udp", count: 2 },
    { what: "raw sockets of protocol 1", count: 1 },
  ]);
});

testLists(
  "more destinations than are told apart are counted together",
  [""],
  async (attempt, v2) => {
    const ports = Array.from({ length: 300 }, (_, port) => `datagram=192.0.2.1=${port + 1}`);
    await attempt(...ports);
    const refusals = readRefusals(v2)!;
    assertEquals(refusals.reduce((sum, { count }) => sum + count, 0), 300);
    assertEquals(refusals.length, 257);
    assertEquals(refusals[0], { what: "others", count: 44 });
  },
);

testLists("as many rules as there may be are taken by the kernel", [
  [
    "192.0.2.9",
    ...Array.from(
      { length: 255 },
      (_, i) => `[2001:db8:${i.toString(16)}::/48]:1000-${2000 + i}/udp`,
    ),
  ].join(","),
  Array.from({ length: 256 }, (_, i) => `192.0.2.${i}:1-${i + 1}/tcp`).join(","),
], async (attempt) => {
  assertEquals(await attempt("tcp=192.0.2.9=1", "tcp=192.0.2.1=1"), {
    "tcp=192.0.2.9=1": "ECONNREFUSED",
    "tcp=192.0.2.1=1": "EPERM",
  });
});

testLists(
  "a cgroup below has the rules of the one above",
  ["192.0.2.1:80"],
  async (_, v2, attemptIn) => {
    const path = `${v2.directories[0]!.path}/below`;
    Deno.mkdirSync(path);
    assertEquals(
      readRefusals({ ...v2, directories: [{ ...v2.directories[0]!, path }] }),
      undefined,
    );
    assertEquals(await attemptIn(path, "tcp=192.0.2.1=80", "tcp=192.0.2.1=81"), {
      "tcp=192.0.2.1=80": "ECONNREFUSED",
      "tcp=192.0.2.1=81": "EPERM",
    });
  },
);

testLists("new rules take the place of those before", ["*"], async (attempt, v2) => {
  attachEgress(v2, await rulesOf("192.0.2.1:80"));
  assertEquals(await attempt("tcp=192.0.2.1=81", "tcp=192.0.2.1=80"), {
    "tcp=192.0.2.1=81": "EPERM",
    "tcp=192.0.2.1=80": "ECONNREFUSED",
  });
  attachEgress(v2, await rulesOf("192.0.2.1:81"));
  assertEquals(await attempt("tcp=192.0.2.1=81", "tcp=192.0.2.1=80"), {
    "tcp=192.0.2.1=81": "ECONNREFUSED",
    "tcp=192.0.2.1=80": "EPERM",
  });
});

testLists("what is no cgroup of v2 is told with what to do", [""], async (_, v2) => {
  const elsewhere = { ...v2, directories: v2.directories.map((d) => ({ ...d, path: "/" })) };
  const rules = await rulesOf("");
  const error = assertThrows(() => attachEgress(elsewhere, rules), HostError);
  assertStringIncludes(error.message, `${FROM}: the rules of /: BPF_PROG_QUERY: `);
  assertStringIncludes(error.remedy, "CONFIG_CGROUP_BPF");
});

testLists(
  "a cgroup that has gone tells nothing, and one without rules neither",
  [""],
  async (_, v2) => {
    const [directory] = v2.directories;
    readRefusals(v2);
    const folder = openFolder(directory!.path);
    setProgram(folder, EGRESS_KINDS.socket, new Uint8Array());
    closeFd(folder);
    assertEquals(readRefusals(v2), undefined);
    const gone = { ...v2, directories: [{ ...directory!, path: `${directory!.path}/gone` }] };
    assertEquals(readRefusals(gone), undefined);
    await Promise.resolve();
  },
);

testLists("who may load no programs is told what it takes", [""], async (_, v2) => {
  const file = new URL("../../runtime/cgroup/egress/egress_filter.ts", import.meta.url).href;
  const script = `import { attachEgress } from "${file}";
    try {
      attachEgress(${JSON.stringify(v2)}, [{ from: "the list", rules: [] }]);
    } catch (e) { console.log(e.name, e.message) }`;
  const text = await runOk("setpriv", [
    "--bounding-set=-sys_admin,-bpf,-net_admin,-perfmon",
    ...[Deno.execPath(), "eval", "--no-lock", script],
  ], { env: { NO_COLOR: "1" } });
  assertStringIncludes(text, `HostError the list: the rules of ${v2.directories[0]!.path}: BPF_`);
  assertStringIncludes(text, "(EPERM); run kago with CAP_SYS_ADMIN and CAP_NET_ADMIN");
});

testLists(
  "no descriptor stays open but the map's, which is closed when it is read",
  [""],
  async (_, v2) => {
    const rules = await rulesOf("*");
    // What the test itself has open comes and goes.
    const open = () =>
      [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
        try {
          return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
        } catch {
          return [];
        }
      }).filter((link) => /^anon_inode:bpf|^\/sys\/fs\/cgroup/.test(link)).length;
    readRefusals(v2);
    const before = open();
    attachEgress(v2, rules);
    assertEquals(open(), before + 1);
    attachEgress(v2, rules);
    assertEquals(open(), before + 1);
    for (let i = 0; i < 3; i++) readRefusals(v2);
    const gone = { ...v2, directories: v2.directories.map((d) => ({ ...d, path: "/" })) };
    assertThrows(() => attachEgress(gone, rules), HostError);
    assertEquals(open(), before);
  },
);

testLists(
  "a cgroup that is used again has nothing of an earlier container's rules, and what others attached stays",
  ["192.0.2.9"],
  async (attempt, v2) => {
    const [directory] = v2.directories;
    const folder = openFolder(directory!.path);
    const others = { ...EGRESS_KINDS.connect6, name: "others" };
    // Refuses: r0 = 0, exit.
    const refuse = new Uint8Array([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
    setProgram(folder, others, refuse);
    const words = ["tcp=192.0.2.1=80", "datagram=192.0.2.1=53", "tcp=2001:db8::1=80"] as const;
    assertEquals(Object.values(await attempt(...words)), ["EPERM", "EPERM", "EPERM"]);
    readRefusals(v2);
    createCgroup(v2, []);
    assertEquals(Object.values(await attempt(...words)), ["ECONNREFUSED", "ok", "EPERM"]);
    assertEquals(readRefusals(v2), undefined);
    setProgram(folder, others, new Uint8Array());
    closeFd(folder);
  },
);

/** A driver as systemd's, which is told of the process and moves it in the hierarchies that it uses itself. */
function movingDriver(usesV2: boolean): CgroupDriver {
  return {
    ...cgroupfsDriver,
    create: () => false,
    adopt({ record }, pid) {
      createCgroup(record, []);
      for (const { version, path } of record.directories) {
        if (version === 1 || usesV2) Deno.writeTextFileSync(`${path}/cgroup.procs`, `${pid}`);
      }
    },
  };
}

for (const usesV2 of [true, false]) {
  const what = usesV2 ? "in force" : "refused, and the cgroup goes,";
  test(`rules are ${what} where a driver ${usesV2 ? "uses" : "does not use"} v2`, async (record) => {
    if (only(record, 2).directories.length === 0) return console.log("no v2 hierarchy here");
    const rules = await rulesOf("");
    const undo: (() => void)[] = [];
    const launch = beginCgroup({
      id: "id",
      driver: movingDriver(usesV2),
      record,
      writes: [],
      unitProperties: [],
      attachEgress: (record) => attachEgress(record, rules),
    }, undo);
    const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
    try {
      if (usesV2) {
        launch.adopt(child.pid);
        assertEquals(readRefusals(record), []);
        return;
      }
      const error = assertThrows(() => launch.adopt(child.pid), HostError);
      assertStringIncludes(error.message, "is not the container's cgroup; use the cgroupfs driver");
      assertEquals(readRefusals(record), undefined);
      for (const back of undo) back();
      assertEquals(allExist(record), [false]);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // The way back has ended it.
      }
      await child.status;
    }
  });
}
