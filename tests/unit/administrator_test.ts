import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { administratorWord, isAllowed, notAllowed } from "../../runtime/administrator.ts";
import { MAX_SIZE } from "../../runtime/administrator_file.ts";
import { HostError } from "../../runtime/common/errors.ts";

/** A place where root alone can write, with one file in it. */
async function withFile(
  text: string,
  use: (file: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ dir: "/usr/local/lib", prefix: "kago_word_" });
  try {
    Deno.chmodSync(folder, 0o755);
    Deno.writeTextFileSync(`${folder}/microvm.json`, text, { mode: 0o644 });
    await use(`${folder}/microvm.json`, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const OF_FILE = '{"libkrun":"/opt/k/libkrun.so.1","allowAnnotations":["krun.nested_virt"]}';

function defaultsOf(file: string) {
  return {
    libkrun: { value: "/opt/k/libkrun.so.1", from: `${file}: libkrun` },
    allowAnnotations: { value: ["krun.nested_virt"], from: `${file}: allowAnnotations` },
  };
}

Deno.test("administratorWord() has the library and the annotations of the file", async () => {
  await withFile(OF_FILE, async (file) => {
    assertEquals(await administratorWord(undefined, [file]), {
      library: { path: "/opt/k/libkrun.so.1", from: `${file}: libkrun` },
      allowed: ["krun.nested_virt"],
      defaults: defaultsOf(file),
    });
  });
});

Deno.test("administratorWord() prefers the command line's library, and adds its annotations", async () => {
  await withFile(OF_FILE, async (file) => {
    const library = { path: "/usr/lib/libkrun.so.1", from: "--libkrun" };
    assertEquals(await administratorWord({ library, allowed: ["virtiofs_tag"] }, [file]), {
      library,
      allowed: ["virtiofs_tag", "krun.nested_virt"],
      defaults: defaultsOf(file),
    });
  });
});

Deno.test("administratorWord() prefers, key by key, the file that comes first", async () => {
  await withFile('{"cpus":2,"allowAnnotations":[]}', async (own) => {
    const distributions = '{"cpus":4,"ramMib":512,"allowAnnotations":["krun.gpu_flags"]}';
    await withFile(distributions, async (other) => {
      const { allowed, defaults } = await administratorWord(undefined, [own, other]);
      assertEquals(allowed, []);
      assertEquals(defaults?.cpus, { value: 2, from: `${own}: cpus` });
      assertEquals(defaults?.ramMib, { value: 512, from: `${other}: ramMib` });
    });
  });
});

Deno.test("administratorWord() does without a file", async () => {
  const files = ["/etc/nowhere/microvm.json", "/usr/lib/nowhere/microvm.json"];
  assertEquals(await administratorWord(undefined, files), { allowed: [], defaults: {} });
  const given = { allowed: ["krun.gpu_flags"] };
  assertEquals(await administratorWord(given, files), { ...given, defaults: {} });
});

Deno.test("administratorWord() obeys no file that others than root could have written", async () => {
  const spoil: ((file: string, folder: string) => void)[] = [
    (file) => Deno.chmodSync(file, 0o664),
    (file) => Deno.chmodSync(file, 0o646),
    (file) => Deno.chownSync(file, 1000, 0),
    (_, folder) => Deno.chmodSync(folder, 0o1777),
    (_, folder) => Deno.chownSync(folder, 1000, 1000),
    (file) => {
      Deno.removeSync(file);
      Deno.mkdirSync(file);
    },
    (file) => {
      const other = Deno.makeTempFileSync();
      Deno.writeTextFileSync(other, OF_FILE);
      Deno.removeSync(file);
      Deno.symlinkSync(other, file);
    },
  ];
  for (const act of spoil) {
    await withFile(OF_FILE, async (file, folder) => {
      act(file, folder);
      const { message } = await assertRejects(
        () => administratorWord(undefined, [file]),
        HostError,
      );
      assertStringIncludes(message, `${file}: `);
    });
  }
});

Deno.test("administratorWord() reads no more than the bound", async () => {
  await withFile(`{"allowAnnotations":["${"x".repeat(MAX_SIZE)}"]}`, async (file) => {
    const { message } = await assertRejects(() => administratorWord(undefined, [file]), HostError);
    assertStringIncludes(message, `${file}: has more than 65536 bytes; `);
  });
});

Deno.test("isAllowed() takes names whole, and prefixes that end with a dot", () => {
  const word = { allowed: ["krun.tap_name", "org.systemd.property.", "virtiofs"] };
  const names = ["krun.tap_name", "org.systemd.property.Slice", "krun.tap_name2", "virtiofs_tag"];
  assertEquals(names.map((name) => isAllowed(word, name)), [true, true, false, false]);
});

Deno.test("notAllowed() names the place and both ways to allow it", () => {
  assertEquals(
    notAllowed('annotations["krun.tap_name"]', "krun.tap_name").message,
    'annotations["krun.tap_name"]: needs the permission of the host\'s administrator: run kago with ' +
      "--allow-annotation krun.tap_name, or list it in allowAnnotations of /etc/kago/microvm.json",
  );
});
