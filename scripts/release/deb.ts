/**
 * The Debian package, made with install.sh: so both install the same files, except where Debian requires other places
 * for documentation and zsh's completions.
 */
import { runCommand } from "../build/command.ts";
import { ROOT } from "../build/paths.ts";
import { changelog, control, copyright, OVERRIDES } from "./deb_texts.ts";
import type { Source } from "./source.ts";

/** dpkg keeps an administrator's changes to it. */
const CONFIGURATION = "/etc/containers/containers.conf.d/50-kago.conf";

/**
 * Writes kago_VERSION_amd64.deb into `output`.
 * @param tree the files of the archive.
 * @param root the folder for the package's files.
 */
export async function packDeb(
  tree: string,
  root: string,
  output: string,
  source: Source,
  level: number,
): Promise<void> {
  await Deno.mkdir(root);
  await runCommand("sh", [`${tree}/install.sh`, "--prefix", "/usr", "--root", root]);
  await moveZshCompletion(`${root}/usr/share`);
  await takeMark(`${root}${CONFIGURATION}`);
  await addDocumentation(tree, `${root}/usr/share`, source);
  const size = await installedSize(root);
  const sums = await runCommand("sh", [
    "-c",
    'cd "$0" && find usr -type f | sort | xargs md5sum',
    root,
  ]);
  await Deno.mkdir(`${root}/DEBIAN`);
  await Deno.writeTextFile(`${root}/DEBIAN/control`, control(source, size));
  await Deno.writeTextFile(`${root}/DEBIAN/conffiles`, `${CONFIGURATION}\n`);
  await Deno.writeTextFile(`${root}/DEBIAN/md5sums`, sums);
  await runCommand("chmod", ["-R", "u=rwX,go=rX", root]);
  await runCommand("find", [root, "-exec", "touch", "-h", "-d", `@${source.epoch}`, "{}", "+"]);
  const options = ["--root-owner-group", "-Zxz", `-z${level}`];
  await runCommand("dpkg-deb", [...options, "--build", root, output], {
    env: { SOURCE_DATE_EPOCH: `${source.epoch}` },
  });
}

async function moveZshCompletion(share: string): Promise<void> {
  await Deno.mkdir(`${share}/zsh/vendor-completions`);
  await Deno.rename(`${share}/zsh/site-functions/_kago`, `${share}/zsh/vendor-completions/_kago`);
  await Deno.remove(`${share}/zsh/site-functions`);
}

/** install.sh recognises its own files by their first line; --uninstall must not remove this one, the package's. */
async function takeMark(file: string): Promise<void> {
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace(/^#.*\n/, "# Of the package kago.\n"));
}

async function addDocumentation(tree: string, share: string, source: Source): Promise<void> {
  const folder = `${share}/doc/kago`;
  await Deno.mkdir(folder, { recursive: true });
  const licences = await Deno.readTextFile(`${tree}/licenses/THIRD-PARTY.txt`);
  await Deno.writeTextFile(`${folder}/copyright`, copyright(licences));
  await Deno.writeTextFile(`${folder}/changelog`, changelog(source));
  await Deno.copyFile(`${tree}/components.cdx.json`, `${folder}/components.cdx.json`);
  await Deno.copyFile(`${ROOT}/docs/microvm.md`, `${folder}/microvm.md`);
  const overrides = `${share}/lintian/overrides`;
  await Deno.mkdir(overrides, { recursive: true });
  await Deno.writeTextFile(`${overrides}/kago`, OVERRIDES);
  await Deno.symlink("kago.1.gz", `${share}/man/man1/krun.1.gz`);
  const pages = await runCommand("find", [`${share}/man`, "-type", "f"]);
  // Without a name and a time in the file.
  await runCommand("gzip", ["-9n", `${folder}/changelog`, ...pages.split("\n").filter(Boolean)]);
}

/** In KiB, each file and folder rounded up (Debian policy 5.6.20). */
async function installedSize(root: string): Promise<number> {
  const sizes = await runCommand("find", [root, "-mindepth", "1", "-printf", "%y %s\n"]);
  return sizes.split("\n").filter(Boolean).map((line) => line.split(" "))
    .reduce((sum, [kind, size]) => sum + (kind === "f" ? Math.ceil(Number(size) / 1024) : 1), 0);
}
