/** The table of annotations against the sources that read them, and against the engine's configuration that passes them. */
import { assert, assertEquals } from "@std/assert";
import {
  type AnnotationRow,
  ANNOTATIONS,
  OTHER_ANNOTATIONS,
  unsafeAnnotations,
  VM_FILE_KEYS,
} from "../../../../../executors/libkrun/settings/annotation_table.ts";
import { parseVmFile } from "../../../../../executors/libkrun/settings/vm_file.ts";
import { features } from "../../../../../runtime/commands/features.ts";

const ROOT = new URL("../../../../../", import.meta.url).pathname;
const TABLE = "executors/libkrun/settings/annotation_table.ts";

/** The sources of the product, by their paths in the repository. */
function sources(folder: string, found: Record<string, string> = {}): Record<string, string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${ROOT}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory) sources(path, found);
    else if (/\.(ts|c|h)$/.test(name)) found[path] = Deno.readTextFileSync(`${ROOT}${path}`);
  }
  return found;
}

const SOURCES = Object.fromEntries(
  ["runtime", "executors", "ffi"].flatMap((folder) => Object.entries(sources(folder)))
    .filter(([path]) => path !== TABLE),
);
const KNOWN = unsafeAnnotations();

Deno.test("every annotation that a source names is in the table", () => {
  const literal =
    /["`](krun\.[a-z][a-z_.]*|run\.(?:oci|kago)\.[a-z_]+|org\.systemd\.property\.)["`]/g;
  const named = Object.values(SOURCES).flatMap((text) => [...text.matchAll(literal)])
    .map(([, name]) => name!);
  assert(named.length > 15, "the sources were not found");
  assertEquals(named.filter((name) => !KNOWN.includes(name)), []);
});

Deno.test("every annotation of the table is read, but those that are refused", () => {
  const all = Object.values(SOURCES).join("\n");
  const isRead = (name: string) =>
    new RegExp(`Annotation\\(\\s*spec,\\s*"${name}",?\\s*\\)`).test(all);
  for (const [name, row] of Object.entries<AnnotationRow>(ANNOTATIONS)) {
    assertEquals(isRead(name), row.kind !== "refused", name);
  }
  for (const name of Object.keys(OTHER_ANNOTATIONS)) {
    assert(new RegExp(`^(export )?const \\w+ = "${name}";$`, "m").test(all), name);
  }
});

Deno.test("annotations are looked into in these places alone, each of which goes by the table", () => {
  const access =
    /annotations(\?\.|\s*=\s*\{\}\)?\s*)?\[|Object\.\w+\([^)]*\bannotations\b(?! \?\? \{\}\)\.length)/;
  const places = Object.entries(SOURCES)
    .filter(([, text]) =>
      access.test(
        text.replaceAll(/annotations\["[^"]*"\]/g, "").replaceAll(/annotations\["\$\{/g, ""),
      )
    )
    .map(([path]) => path).sort();
  assertEquals(places, [
    "executors/default.ts",
    "executors/interface/executor.ts",
    "executors/libkrun/settings/annotations.ts",
    "executors/libkrun/settings/required_word.ts",
    "executors/registry.ts",
    "runtime/cgroup/drivers/systemd_annotations.ts",
    "runtime/egress_lists.ts",
    "runtime/plan/process.ts",
    "runtime/spec/checks/spec_checks.ts",
    "runtime/state/container_state.ts",
  ]);
});

Deno.test("features() lists every annotation of the table, that of systemd's properties included", () => {
  const listed = features().potentiallyUnsafeConfigAnnotations;
  const expected = [...Object.keys(ANNOTATIONS), ...Object.keys(OTHER_ANNOTATIONS)].sort();
  assertEquals(listed, expected);
  assert(listed.includes("org.systemd.property."));
});

Deno.test("every row says who may set it, and why", () => {
  const rows = { ...ANNOTATIONS, ...OTHER_ANNOTATIONS, ...VM_FILE_KEYS };
  for (const [name, { setBy, why }] of Object.entries(rows)) {
    assert(["image", "administrator", "nobody"].includes(setBy), name);
    assert(/^\S.*[^.]\.$/.test(why), `${name}: ${why}`);
  }
  const administrator = Object.entries({ ...ANNOTATIONS, ...OTHER_ANNOTATIONS })
    .filter(([, { setBy }]) => setBy === "administrator").map(([name]) => name).sort();
  assertEquals(administrator, [
    "krun.custom_kernel",
    "krun.gpu_flags",
    "krun.nested_virt",
    "krun.tap_name",
    "org.systemd.property.",
  ]);
});

Deno.test("the keys of .krun_vm.json are those that are read, and those that are ignored with a warning", () => {
  const values: Record<string, unknown> = {
    cpus: 1,
    ram_mib: 128,
    kernel_path: "/k",
    kernel_format: 0,
    initrd_path: "/i",
    kernel_cmdline: "",
    virtiofs_tag: "t",
    virtiofs_shm_size: 0,
  };
  for (const [key, { setBy }] of Object.entries(VM_FILE_KEYS)) {
    const { settings, warnings } = parseVmFile(JSON.stringify({ [key]: values[key] ?? 1 }));
    assertEquals(Object.keys(settings), setBy === "nobody" ? [] : [key]);
    assertEquals(warnings.length, setBy === "nobody" ? 1 : 0, key);
  }
  assertEquals(Object.keys(values).every((key) => key in VM_FILE_KEYS), true);
});

Deno.test("install.sh has containerd pass on what an image or a pod may set, and nothing else", () => {
  const script = Deno.readTextFileSync(`${ROOT}scripts/install.sh`);
  const lists = [...script.matchAll(/^ +(?:pod|container)_annotations = (\[.*\])$/gm)]
    .map(([, list]) => list!);
  assertEquals(lists, ["[$annotations]", "[$annotations]"]);
  const passed = /^ANNOTATIONS="([^"]*)"$/m.exec(script)?.[1]?.split(" ").sort();
  const settable = Object.entries<AnnotationRow>(ANNOTATIONS)
    .filter(([, { setBy }]) => setBy === "image").map(([name]) => name);
  const others = ["run.oci.handler", "run.kago.egress", "krun.egress"];
  assertEquals(passed, [...settable, ...others].sort());
});
