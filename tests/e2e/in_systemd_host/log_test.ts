/** `--log` to the host's own log, which is systemd-journald's here. Runs inside the systemd host. */
import { assertEquals } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

interface Entry {
  readonly MESSAGE: string;
  readonly PRIORITY: string;
  readonly _COMM: string;
}

/** The journal's entries with this name. */
async function entries(name: string): Promise<Entry[]> {
  const text = await runOk("journalctl", ["--identifier", name, "--output", "json"]);
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

for (const log of ["journald", "syslog"]) {
  Deno.test(`--log ${log}:NAME is in the journal, with its severity and under its name`, async () => {
    const name = `kago-${log}-test`;
    const { code, stderr } = await Kago.command("--log", `${log}:${name}`, "state", "nobody");
    const message = "container nobody does not exist below /run/kago";
    assertEquals([code, stderr], [1, `${message}\n`]);
    let found: Entry[] = [];
    await until(() => "the entry is in the journal", async () => {
      found = await entries(name);
      return found.length > 0;
    });
    assertEquals(found.map(({ MESSAGE, PRIORITY, _COMM }) => ({ MESSAGE, PRIORITY, _COMM })), [
      { MESSAGE: message, PRIORITY: "3", _COMM: "kago" },
    ]);
  });
}
