/** An OCI image made by hand: `ctr images import` accepts no plain root filesystem. */
import { runOk } from "../../harness/run.ts";

/** Writes an image layout whose only layer is the root filesystem `rootfsTar`, as a tar; returns its path. */
export async function makeOciImage(
  folder: string,
  rootfsTar: string,
  name: string,
): Promise<string> {
  const layout = `${folder}/layout`;
  await Deno.mkdir(`${layout}/blobs/sha256`, { recursive: true });
  const add = async (mediaType: string, bytes: Uint8Array<ArrayBuffer>) => {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    await Deno.writeFile(`${layout}/blobs/sha256/${hash}`, bytes);
    return {
      mediaType: `application/vnd.oci.image.${mediaType}`,
      digest: `sha256:${hash}`,
      size: bytes.length,
    };
  };
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const layer = await add("layer.v1.tar", await Deno.readFile(rootfsTar));
  const config = await add(
    "config.v1+json",
    json({
      architecture: "amd64",
      os: "linux",
      config: { Env: ["PATH=/bin"], Cmd: ["sleep", "1000000"] }, // pods are held open by it
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  const manifest = await add(
    "manifest.v1+json",
    json({ schemaVersion: 2, config, layers: [layer] }),
  );
  const annotations = { "io.containerd.image.name": name };
  await Deno.writeFile(
    `${layout}/index.json`,
    json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  await Deno.writeFile(`${layout}/oci-layout`, json({ imageLayoutVersion: "1.0.0" }));
  await runOk("tar", ["-C", layout, "-cf", `${folder}/image.tar`, "."]);
  return `${folder}/image.tar`;
}
