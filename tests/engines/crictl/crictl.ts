/** `crictl`, the client of the Container Runtime Interface (github.com/kubernetes-sigs/cri-tools). */
import { goPrograms } from "../../harness/go_build.ts";

const HERE = new URL(".", import.meta.url).pathname;

/** The path of the program. */
export async function prepareCrictl(): Promise<string> {
  const folder = await goPrograms("crictl", HERE, ["sigs.k8s.io/cri-tools/cmd/crictl"]);
  return `${folder}/crictl`;
}
