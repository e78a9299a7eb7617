/** `exec` in an ordinary user's containers. Runs inside the systemd host. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { besideUserSession, inUserSession, USER } from "../../harness/ordinary_user.ts";
import { KAGO, ok, quiet, type UserBundle, withBundle } from "./user_bundle.ts";

type Runner = typeof inUserSession;

/** Runs `use` with a running container of the user, and with `exec` in it. */
async function withRunning(
  session: Runner,
  use: (bundle: UserBundle, exec: (...words: string[]) => ReturnType<Runner>) => Promise<void>,
): Promise<void> {
  await withBundle({}, async (bundle) => {
    const { id, path } = bundle;
    await ok(session(quiet([KAGO, "run", "--detach", "--bundle", path, id])));
    await use(bundle, (...words) => session([KAGO, "exec", ...words]));
  });
}

const NAMESPACES = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"];

for (const [name, session] of Object.entries({ inUserSession, besideUserSession })) {
  Deno.test(`exec joins an ordinary user's container and is its root, ${name}`, async () => {
    await withRunning(session, async ({ id }, exec) => {
      const links = NAMESPACES.map((type) => `/proc/1/ns/${type} /proc/self/ns/${type}`).join(" ");
      const script = `id -u; set -- ${links}; while [ $# -gt 0 ]; do ` +
        "[ $(readlink $1) = $(readlink $2) ] || echo $1; shift 2; done; " +
        "grep NoNewPrivs /proc/self/status; exit 7";
      const { code, stdout, stderr } = await exec(id, "sh", "-c", script);
      assertEquals([code, stdout], [7, "0\nNoNewPrivs:\t1\n"], stderr);
      const state = JSON.parse(await ok(session([KAGO, "state", id])));
      const own = await ok(exec(id, "cat", "/proc/self/uid_map"));
      assertEquals(own, await Deno.readTextFile(`/proc/${state.pid}/uid_map`));
    });
  });
}

Deno.test("exec in a delegated cgroup runs in the container's", async () => {
  await withRunning(inUserSession, async ({ id }, exec) => {
    const { stdout, stderr } = await exec(id, "cat", "/proc/1/cgroup", "/proc/self/cgroup");
    const [init, tenant] = stdout.trim().split("\n");
    assertEquals([tenant, stderr], [init, ""]);
  });
});

Deno.test("exec refuses an ordinary user's ids that are not mapped", async () => {
  await withRunning(inUserSession, async ({ id }, exec) => {
    const { code, stderr } = await exec("-u", "7", id, "id");
    assertEquals(code, 255);
    assertStringIncludes(stderr, "process.user.uid");
  });
});

Deno.test("exec -t gives an ordinary user a terminal", async () => {
  await withRunning(inUserSession, async ({ id }) => {
    const line = `stty rows 31 cols 97; ${KAGO} exec -t ${id} sh -c 'tty; stty size; echo $HOME'`;
    const { code, stdout, stderr } = await inUserSession(["script", "-qec", line, "/dev/null"]);
    assertEquals(
      [code, stdout.replaceAll("^@", "")],
      [0, "/dev/pts/0\r\n31 97\r\n/root\r\n"],
      stderr,
    );
  });
});

Deno.test("exec passes descriptors on for an ordinary user", async () => {
  await withRunning(inUserSession, async ({ id }) => {
    const line = `exec 3< /etc/hostname; ${KAGO} exec --preserve-fds 1 ${id} sh -c 'cat <&3'`;
    const told = await ok(inUserSession(["sh", "-c", line]));
    assertEquals(told, await Deno.readTextFile("/etc/hostname"), USER.name);
  });
});
