/**
 * A double of the guest agent, which listens on its socket and answers as a test wants. The frames are in
 * helper-c/session/frame.h.
 */

/** Types of frames. */
export const SIGNAL = 2, FIGURES = 3, PROCESSES = 4, EXEC = 6;
export const STARTED = 7,
  FAILED = 8,
  DATA = 9,
  END = 10,
  CREDIT = 11,
  RESIZE = 12,
  EXIT = 13,
  BYE = 14,
  CLOSED = 15,
  SOCKET = 16,
  LIMITS = 20;
const HELLO = 1, REPLY = 5, HEADER = 8;

/** The bytes that answer a request of that type; undefined for no answer. */
export type Answers = (request: number) => Uint8Array | undefined;

/** @param size in the header; may be wrong on purpose. */
export function frame(
  type: number,
  payload: Uint8Array = new Uint8Array(),
  { stream = 0, size = payload.length } = {},
): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  bytes[0] = type;
  bytes[1] = stream;
  new DataView(bytes.buffer).setUint32(4, size, true);
  bytes.set(payload, HEADER);
  return bytes;
}

/** Numbers as encoded in frames. */
export function words(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  numbers.forEach((number, index) => view.setUint32(4 * index, number, true));
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A whole REPLY. */
export function reply(body: Uint8Array, result = 0): Uint8Array {
  return frame(REPLY, concat(words(result), body));
}

function payloadSize(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(4, true);
}

/** Listens where the double of libkrun connects, which is in libkrun's own directory. */
export class AgentDouble {
  /** May be changed at any time. */
  answers: Answers = () => undefined;
  /** Types of all requests so far. */
  readonly requests: number[] = [];
  /** What followed the request on the last connection on which something did. */
  last = new Uint8Array();
  readonly #listener: Deno.UnixListener;
  readonly #open = new Map<Deno.UnixConn, Promise<void>>();
  readonly #serving: Promise<void>;

  constructor(folder: string) {
    const path = `${folder}/agent.sock`;
    this.#listener = Deno.listen({ transport: "unix", path });
    // The VMM is the container's user.
    Deno.chmodSync(path, 0o777);
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      const talk = this.#talk(connection).catch(() => {
        // kago hung up, or the test is over.
      });
      this.#open.set(connection, talk);
    }
  }

  /** Serves until the other side closes, because kago expects to close first. */
  async #talk(connection: Deno.UnixConn): Promise<void> {
    await connection.write(frame(HELLO));
    const buffer = new Uint8Array(1024);
    let read = new Uint8Array();
    let request: number | undefined;
    for (let size; (size = await connection.read(buffer)) !== null;) {
      read = concat(read, buffer.subarray(0, size));
      if (request === undefined) {
        const whole = read.length < HEADER ? Infinity : HEADER + payloadSize(read);
        if (read.length < whole) continue;
        request = read[0]!;
        read = read.slice(whole);
        this.requests.push(request);
        const answer = this.answers(request);
        if (answer) await connection.write(answer);
      }
      if (read.length > 0) this.last = read;
    }
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#serving;
    for (const [connection, talk] of this.#open) {
      connection.close();
      await talk;
    }
  }
}
