/** An archive whose bytes depend only on its files: names sorted, one time, owner root, and only two modes. */
import { runCommand } from "../build/command.ts";
import type { Source } from "./source.ts";

/** Writes `TREE.tar.xz` for the folder `tree` into `output`. */
export async function packArchive(
  tree: string,
  output: string,
  { epoch }: Source,
  level: number,
): Promise<void> {
  const [parent, name] = [
    tree.slice(0, tree.lastIndexOf("/")),
    tree.slice(tree.lastIndexOf("/") + 1),
  ];
  const order = ["--sort=name", "--format=gnu", `--mtime=@${epoch}`];
  const owner = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  // With any number of threads except one, xz makes the same blocks.
  const compress = `--use-compress-program=xz -${level} --threads=2`;
  const file = `${output}/${name}.tar.xz`;
  await runCommand("tar", ["-C", parent, ...order, ...owner, compress, "-cf", file, name]);
}
