/** The bzImage format of x86 kernels. */
import { tool } from "./command.ts";

/**
 * The ELF kernel inside a bzImage (Linux Documentation/arch/x86/boot.rst: setup_sects, payload_offset and payload_length).
 * QEMU starts it through its PVH entry; the bzImage would decompress itself under TCG, which takes 4 s more.
 */
export async function uncompressBzImage(
  image: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = new DataView(image.buffer, image.byteOffset);
  const setupSectors = header.getUint8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + header.getUint32(0x248, true);
  const length = header.getUint32(0x24c, true);
  const sizeTrailer = 4; // appended behind the compressed stream by the kernel's build
  const payload = image.slice(start, start + length - sizeTrailer);
  return await tool(decompressor(payload), ["-dc"], { stdin: payload });
}

function decompressor(payload: Uint8Array): string {
  const magic = [...payload.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
  const program = { fd377a58: "xz", "28b52ffd": "zstd" }[magic.join("")];
  if (program) return program;
  throw new Error(`the kernel is compressed in an unknown way, magic ${magic.join(" ")}`);
}
