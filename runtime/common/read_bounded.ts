/** Reads files that other users have written, up to a maximum size: their st_size cannot be relied on. */

/** The whole file, or undefined when it has more than `most` bytes. */
export function readBounded(file: Deno.FsFile, most: number): Uint8Array<ArrayBuffer> | undefined {
  const buffer = new Uint8Array(most + 1);
  let length = 0;
  while (length <= most) {
    const size = file.readSync(buffer.subarray(length));
    if (size === null) return buffer.subarray(0, length);
    length += size;
  }
  return undefined;
}
