import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { bundle, bundleWithout, checkBundle } from "../../../scripts/build/bundle.ts";
import { CommandError } from "../../../scripts/build/command.ts";
import { dynamicImports } from "../../../scripts/build/quick.ts";

/** Three modules: main.ts imports one.ts and two.ts dynamically, both import shared.ts. */
const MODULES = {
  "main.ts": `const load = { one: () => import("./one.ts"), two: () => import("./two.ts") };
    (globalThis as Record<string, unknown>).loaders = load;`,
  "one.ts": `import { shared } from "./shared.ts"; export const name = shared + " from one";`,
  "two.ts": `import { shared } from "./shared.ts"; export const name = shared + " from two";`,
  "shared.ts": `export const shared = "sh\u00e4red";`,
};

async function withModules(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(MODULES)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bundle() takes dynamic imports in, in ASCII", async () => {
  await withModules(async (folder) => {
    await bundle(`${folder}/main.ts`, `${folder}/out.js`);
    const source = await Deno.readTextFile(`${folder}/out.js`);
    assert(source.includes(" from one") && source.includes(" from two"), source);
    assert(source.includes("sh\\xE4red"), source);
    checkBundle(source);
  });
});

Deno.test("bundle() leaves nothing behind when the bundler fails", async () => {
  await withModules(async (folder) => {
    await Deno.remove(`${folder}/one.ts`);
    await assertRejects(() => bundle(`${folder}/main.ts`, `${folder}/out.js`), CommandError);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, ["main.ts", "shared.ts", "two.ts"]);
  });
});

Deno.test("bundleWithout() puts a call in place of the modules left out", async () => {
  await withModules(async (folder) => {
    const leftOut = new Map([[`${folder}/two.ts`, "elsewhere"]]);
    await bundleWithout(`${folder}/main.ts`, `${folder}/out.js`, leftOut);
    const source = await Deno.readTextFile(`${folder}/out.js`);
    assert(source.includes(" from one") && !source.includes(" from two"), source);
    assert(source.includes("two:()=>elsewhere()"), source);
    leftOut.set(`${folder}/one.ts`, "inAnother");
    await bundleWithout(`${folder}/main.ts`, `${folder}/out.js`, leftOut);
    const less = await Deno.readTextFile(`${folder}/out.js`);
    assert(!less.includes(" from one") && !less.includes(" from two"), less);
    assert(less.includes("one:()=>inAnother()") && less.includes("two:()=>elsewhere()"), less);
  });
});

Deno.test("bundleWithout() refuses a module that nothing imports", async () => {
  await withModules(async (folder) => {
    const leftOut = new Map(
      ["two.ts", "three.ts"].map((name) => [`${folder}/${name}`, "elsewhere"]),
    );
    const bundling = bundleWithout(`${folder}/main.ts`, `${folder}/out.js`, leftOut);
    await assertRejects(() => bundling, Error, "1 of 2 modules");
  });
});

Deno.test("dynamicImports() lists what the named modules import dynamically", async () => {
  await withModules(async (folder) => {
    const entry = `${folder}/main.ts`;
    assertEquals(await dynamicImports(entry, [entry]), [`${folder}/one.ts`, `${folder}/two.ts`]);
    assertEquals(await dynamicImports(entry, [`${folder}/one.ts`]), []);
  });
});

Deno.test("checkBundle() refuses what cannot be a function's body or starts slowly", () => {
  checkBundle("const a=await f();leave(a);");
  for (const source of ['import"./a.js";', "export{a};", "import.meta.url", "let a=1;let a=2;"]) {
    assertThrows(() => checkBundle(source), Error, "does not compile");
  }
  assertThrows(() => checkBundle('await import("node:fs")'), Error, "still imports");
  assertThrows(() => checkBundle("'\u00e4'"), Error, "beyond ASCII");
});

/** Two resources; the second is used once, which the minifier takes for a reason to do without its name. */
const RESOURCES = `
  const open = (name: string) => ({ name, [Symbol.dispose]() { console.log("closed " + name); } });
  export function twice(): number { using a = open("a"); return a.name.length + a.name.length; }
  export function inARow(): string { using a = open("a"); using b = open("b"); console.log(b, b); return a.name + a.name; }`;
const ONCE = `export function once(): string { using c = open("c"); return c.name; }`;

Deno.test("bundle() refuses a source of whose resources the minifier would leave one open", async () => {
  await withModules(async (folder) => {
    const bundled = async (text: string) => {
      await Deno.writeTextFile(`${folder}/resources.ts`, text);
      const main = `globalThis.all = await import("./resources.ts");`;
      await Deno.writeTextFile(`${folder}/user.ts`, main);
      await bundle(`${folder}/user.ts`, `${folder}/out.js`);
    };
    await bundled(RESOURCES);
    const error = await assertRejects(() => bundled(RESOURCES + ONCE), Error);
    assertEquals(error.message.includes("the minifier lost 1 of these"), true, error.message);
  });
});
