import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  administratorWord,
  isAllowed,
  MAX_SIZE,
  notAllowed,
  parseAdministratorFile,
} from "../../runtime/administrator.ts";
import { HostError } from "../../runtime/common/errors.ts";

/** A place where root alone can write, with one file in it. */
function withFile(text: string, use: (file: string, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ dir: "/usr/local/lib", prefix: "kago_word_" });
  try {
    Deno.chmodSync(folder, 0o755);
    Deno.writeTextFileSync(`${folder}/microvm.json`, text, { mode: 0o644 });
    use(`${folder}/microvm.json`, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const OF_FILE = '{"libkrun":"/opt/k/libkrun.so.1","allowAnnotations":["krun.nested_virt"]}';

Deno.test("administratorWord() has the library and the annotations of the file", () => {
  withFile(OF_FILE, (file) => {
    assertEquals(administratorWord(undefined, file), {
      library: { path: "/opt/k/libkrun.so.1", from: `${file}: libkrun` },
      allowed: ["krun.nested_virt"],
    });
  });
});

Deno.test("administratorWord() prefers the command line's library, and adds its annotations", () => {
  withFile(OF_FILE, (file) => {
    const library = { path: "/usr/lib/libkrun.so.1", from: "--libkrun" };
    assertEquals(administratorWord({ library, allowed: ["virtiofs_tag"] }, file), {
      library,
      allowed: ["virtiofs_tag", "krun.nested_virt"],
    });
  });
});

Deno.test("administratorWord() does without a file", () => {
  assertEquals(administratorWord(undefined, "/etc/nowhere/microvm.json"), { allowed: [] });
  const given = { allowed: ["krun.gpu_flags"] };
  assertEquals(administratorWord(given, "/etc/nowhere/microvm.json"), given);
});

Deno.test("administratorWord() obeys no file that others than root could have written", () => {
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
    withFile(OF_FILE, (file, folder) => {
      act(file, folder);
      const { message } = assertThrows(() => administratorWord(undefined, file), HostError);
      assertStringIncludes(message, `${file}: `);
    });
  }
});

Deno.test("administratorWord() reads no more than the bound", () => {
  withFile(`{"allowAnnotations":["${"x".repeat(MAX_SIZE)}"]}`, (file) => {
    const { message } = assertThrows(() => administratorWord(undefined, file), HostError);
    assertStringIncludes(message, `${file}: has more than 65536 bytes; `);
  });
});

Deno.test("parseAdministratorFile() says in one sentence what is wrong with the file", () => {
  const wrong: Record<string, string> = {
    "{": "is not JSON",
    "[]": "must be a JSON object",
    "null": "must be a JSON object",
    '{"libkrn":"/x"}': "libkrn is an unknown key; the keys are libkrun and allowAnnotations",
    '{"libkrun":"libkrun.so.1"}': "libkrun must be the absolute path of a library",
    '{"libkrun":"/a\\u0000b"}': "libkrun must be the absolute path of a library",
    '{"libkrun":1}': "libkrun must be the absolute path of a library",
    '{"allowAnnotations":"krun.tap_name"}': "allowAnnotations must be a list of names",
    '{"allowAnnotations":[1]}': "allowAnnotations must be a list of names",
    '{"allowAnnotations":["."]}': "allowAnnotations must be a list of names",
    '{"allowAnnotations":[""]}': "allowAnnotations must be a list of names",
  };
  for (const [text, problem] of Object.entries(wrong)) {
    const { message } = assertThrows(() => parseAdministratorFile(text), HostError);
    assertStringIncludes(message, "/etc/kago/microvm.json");
    assertStringIncludes(message, problem);
  }
  assertEquals(parseAdministratorFile("{}"), { allowed: [] });
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
