/** The segment that the packer appends, while it is built: the stub, then the parts to which its header points. */
import { encodeEntryHeader, type EntryHeader, type Part } from "./entry_header.ts";

export class Image {
  #pieces: Uint8Array[];
  #size: number;

  /** @param stub begins with an empty header. */
  constructor(stub: Uint8Array) {
    this.#pieces = [stub];
    this.#size = stub.byteLength;
  }

  /** Appends bytes, or text as UTF-8. */
  append(content: Uint8Array | string): Part {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const part = { offset: this.#size, size: bytes.byteLength };
    this.#pieces.push(bytes);
    this.#size += bytes.byteLength;
    return part;
  }

  /** As append(), aligned to a multiple of `unit`. */
  appendAligned(content: Uint8Array, unit: number): Part {
    this.append(new Uint8Array((unit - this.#size % unit) % unit));
    return this.append(content);
  }

  /** Appends a list of strings: each ends with NUL, an empty one ends the list. Returns its offset. */
  appendList(strings: readonly string[]): number {
    return this.append(`${strings.join("\0")}\0\0`).offset;
  }

  /** The whole image, with `header` filled in. */
  finish(header: EntryHeader): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    let offset = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    }
    bytes.set(encodeEntryHeader(header));
    return bytes;
  }
}
