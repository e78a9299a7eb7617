import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { libseccompIdentity } from "../../../ffi/libseccomp.ts";
import { cachedFilter, seccompCacheDir } from "../../../runtime/seccomp/cache.ts";
import { cacheKey, encodeEntry, entryName } from "../../../runtime/seccomp/cache_entry.ts";
import { MAX_ENTRIES } from "../../../runtime/seccomp/cache_folder.ts";
import { compileFilter } from "../../../runtime/seccomp/compile.ts";
import type { Seccomp } from "../../../runtime/spec/spec.ts";
import { isValidId } from "../../../runtime/state/names.ts";
import { allowing } from "./profile.ts";

const PROFILE = allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO" });
const KEY = cacheKey(PROFILE, libseccompIdentity());
const COMPILED = compileFilter(PROFILE);
/** Not what PROFILE compiles to, so that a test sees where a filter came from. */
const PLANTED = new Uint8Array([6, 0, 0, 0, 0, 0, 0xff, 0x7f]);

async function withFolder(
  use: (folder: string, file: string) => void | Promise<void>,
): Promise<void> {
  const root = Deno.makeTempDirSync();
  try {
    const folder = seccompCacheDir(root);
    await use(folder, `${folder}/${entryName(KEY)}`);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

function plant(folder: string, file: string, bytes = encodeEntry(KEY, PLANTED)): void {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  Deno.writeFileSync(file, bytes, { mode: 0o600 });
}

/** That the profile was compiled, with one warning that says `warning`. */
async function assertCompiled(folder: string, warning: string): Promise<void> {
  const { warnings, ...filter } = await cachedFilter(PROFILE, folder);
  assertEquals({ ...filter, warnings: [] }, COMPILED);
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, warning);
}

Deno.test("seccompCacheDir() is in the state root and no container's folder", () => {
  assertEquals(seccompCacheDir("/run/kago"), "/run/kago/~seccomp");
  assertEquals(isValidId("~seccomp"), false);
});

Deno.test("cachedFilter() compiles what is not there, keeps it for this user alone, and finds it again", async () => {
  await withFolder(async (folder, file) => {
    assertEquals(await cachedFilter(PROFILE, folder), COMPILED);
    assertEquals(Deno.lstatSync(folder).mode! & 0o777, 0o700);
    assertEquals(Deno.lstatSync(file).mode! & 0o777, 0o600);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
    const { ino } = Deno.lstatSync(file);
    assertEquals(await cachedFilter(PROFILE, folder), COMPILED);
    assertEquals(Deno.lstatSync(file).ino, ino);
  });
});

Deno.test("cachedFilter() takes the program from the cache and the flags from the profile", async () => {
  await withFolder(async (folder, file) => {
    plant(folder, file);
    const profile: Seccomp = { ...PROFILE, flags: ["SECCOMP_FILTER_FLAG_LOG"], listenerPath: "/s" };
    assertEquals(await cachedFilter(profile, folder), {
      filter: PLANTED,
      flags: 2,
      listener: false,
      warnings: [],
    });
  });
});

Deno.test("cachedFilter() replaces a damaged file", async () => {
  const whole = encodeEntry(KEY, PLANTED);
  const changed = (offset: number) => whole.with(offset, whole[offset]! ^ 1);
  const damaged = [
    new Uint8Array(),
    whole.subarray(0, 10),
    whole.subarray(0, -1),
    new Uint8Array([...whole, 0]),
    new Uint8Array(whole.length),
    ...[0, 4, 8, 12, 16, 20, 27].map(changed),
  ];
  for (const bytes of damaged) {
    await withFolder(async (folder, file) => {
      plant(folder, file, new Uint8Array(bytes));
      await assertCompiled(folder, "is damaged and will be replaced");
      assertEquals(await cachedFilter(PROFILE, folder), COMPILED);
    });
  }
});

Deno.test("cachedFilter() does not take another profile's program, whatever the file's name", async () => {
  const other = cacheKey(allowing(), libseccompIdentity());
  const oneCharacter = KEY.with(-1, 0x20);
  for (const key of [other, oneCharacter]) {
    await withFolder(async (folder, file) => {
      plant(folder, file, encodeEntry(key, PLANTED));
      assertEquals(await cachedFilter(PROFILE, folder), COMPILED);
      assertEquals(Deno.readFileSync(file), encodeEntry(KEY, COMPILED.filter));
    });
  }
});

Deno.test("cachedFilter() leaves alone what other users could have written", async () => {
  const troubles: [string, (folder: string, file: string) => void][] = [
    ["can be written by other users", (_folder, file) => Deno.chmodSync(file, 0o620)],
    ["can be written by other users", (_folder, file) => Deno.chmodSync(file, 0o602)],
    ["can be written by other users", (folder) => Deno.chmodSync(folder, 0o1777)],
    ["is not a file", (folder, file) => {
      Deno.renameSync(file, `${folder}/elsewhere`);
      Deno.symlinkSync("elsewhere", file);
    }],
    ["is a link", (folder) => {
      Deno.renameSync(folder, `${folder}2`);
      Deno.symlinkSync(`${folder}2`, folder);
    }],
  ];
  for (const [warning, make] of troubles) {
    await withFolder(async (folder, file) => {
      plant(folder, file);
      make(folder, file);
      await assertCompiled(folder, warning);
      assertEquals(Deno.readFileSync(file), encodeEntry(KEY, PLANTED));
    });
  }
});

Deno.test("cachedFilter() leaves alone another user's folder", async () => {
  await withFolder(async (folder, file) => {
    plant(folder, file);
    const isRoot = Deno.uid() === 0;
    if (isRoot) Deno.chownSync(folder, 1, null);
    await assertCompiled(isRoot ? folder : "/etc", "belongs to user");
  });
});

Deno.test("cachedFilter() works without a cache where none can be made", async () => {
  await withFolder(async (folder) => {
    Deno.writeTextFileSync(folder, "");
    await assertCompiled(`${folder}/below/a/file`, "the cache of seccomp filters is not used");
  });
});

Deno.test("cachedFilter() does not keep a program with warnings, so that it warns again", async () => {
  await withFolder(async (folder) => {
    const profile = allowing({ names: ["nonesuch"], action: "SCMP_ACT_ERRNO" });
    for (let start = 0; start < 2; start++) {
      assertEquals((await cachedFilter(profile, folder)).warnings.length, 1);
    }
  });
});

Deno.test("cachedFilter() keeps the newest files when they become too many", async () => {
  await withFolder(async (folder, file) => {
    plant(folder, `${folder}/first`);
    for (let index = 1; index <= MAX_ENTRIES; index++) {
      plant(folder, `${folder}/old${index}`);
      Deno.utimeSync(`${folder}/old${index}`, index, index);
    }
    await cachedFilter(PROFILE, folder);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.length, MAX_ENTRIES);
    assert(names.includes(file.slice(folder.length + 1)) && names.includes("first"));
    assert(!names.includes("old1") && !names.includes("old2") && names.includes("old3"));
  });
});

Deno.test("cacheKey() is the same for a number and a bigint, and whatever only the loading needs", () => {
  const arg = { index: 0, value: 5, op: "SCMP_CMP_EQ" } as const;
  const rule = { names: ["ptrace"], action: "SCMP_ACT_ERRNO" } as const;
  const key = (seccomp: Seccomp) => cacheKey(seccomp, "");
  assertEquals(
    key(allowing({ ...rule, args: [arg] })),
    key(allowing({ ...rule, args: [{ ...arg, value: 5n }] })),
  );
  const flags = ["SECCOMP_FILTER_FLAG_LOG"] as const;
  assertEquals(key(allowing(rule)), key({ ...allowing(rule), flags, listenerPath: "/s" }));
});

Deno.test("cacheKey() differs for all that the program depends on", () => {
  const arg = { index: 0, value: 5, valueTwo: 0, op: "SCMP_CMP_EQ" } as const;
  const rule = { names: ["ptrace", "read"], action: "SCMP_ACT_ERRNO", args: [arg] } as const;
  const profiles: Seccomp[] = [
    allowing(rule),
    { ...allowing(rule), defaultAction: "SCMP_ACT_ERRNO" },
    { ...allowing(rule), defaultErrnoRet: 0 },
    { ...allowing(rule), architectures: ["SCMP_ARCH_X86"] },
    allowing({ ...rule, action: "SCMP_ACT_KILL" }),
    allowing({ ...rule, errnoRet: 1 }),
    allowing({ ...rule, names: ["read", "ptrace"] }),
    allowing({ ...rule, names: ["ptrace,read"] }),
    allowing({ ...rule, args: [{ ...arg, index: 1 }] }),
    allowing({ ...rule, args: [{ ...arg, value: 2n ** 53n + 1n }] }),
    allowing({ ...rule, args: [{ ...arg, valueTwo: 1 }] }),
    allowing({ ...rule, args: [{ ...arg, op: "SCMP_CMP_NE" }] }),
    allowing(rule, rule),
  ];
  const keys = profiles.map((profile) => cacheKey(profile, "2.5.4"));
  assertEquals(new Set(keys.map((key) => key.toHex())).size, profiles.length);
  assertEquals(new Set(keys.map(entryName)).size, profiles.length);
  assertNotEquals(cacheKey(allowing(rule), "2.5.4"), cacheKey(allowing(rule), "2.5.5"));
});
