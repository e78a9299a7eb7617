/** CRI-O, which Debian does not have: the daemon, and `pinns`, the C program that makes the namespaces of its pods. */
import { cachedDirectory } from "../../../scripts/emulated_host/cache.ts";
import { tool } from "../../../scripts/emulated_host/command.ts";
import { go, goPrograms } from "../../harness/go_build.ts";

const HERE = new URL(".", import.meta.url).pathname;
const MODULE = "github.com/cri-o/cri-o";

/** What needs C libraries is left out, seccomp and AppArmor among it. */
const TAGS = [
  "containers_image_openpgp",
  "containers_image_ostree_stub",
  "btrfs_noversion",
  "exclude_graphdriver_btrfs",
];

export interface CrioPrograms {
  readonly crio: string;
  readonly pinns: string;
}

/** The paths of the programs. The first call builds them, which takes four minutes. */
export async function prepareCrio(): Promise<CrioPrograms> {
  const folder = await goPrograms("crio", HERE, [`${MODULE}/cmd/crio`], TAGS);
  return { crio: `${folder}/crio`, pinns: `${await preparePinns()}/pinns` };
}

/** As its Makefile does. */
const FLAGS = ["-std=c99", "-Os", "-static"];

async function preparePinns(): Promise<string> {
  const inputs = [Deno.build.arch, FLAGS, await Deno.readTextFile(`${HERE}/go.mod`)];
  return await cachedDirectory("pinns", inputs, async (folder) => {
    const { Dir } = JSON.parse(await go(HERE, "mod", "download", "-json", MODULE));
    const sources = ["pinns.c", "sysctl.c"].map((name) => `${Dir}/pinns/src/${name}`);
    await tool("cc", [...FLAGS, "-o", `${folder}/pinns`, ...sources]);
  });
}
