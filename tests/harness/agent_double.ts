/** A guest agent's socket with a double behind it, which says what a test wants said. helper-c/frame.h has the frames. */

/** Types of frames. */
export const SIGNAL = 2, FIGURES = 3, PROCESSES = 4;
const HELLO = 1, REPLY = 5, HEADER = 8;

/** Bytes to send in answer to a request of that type; undefined for silence. */
export type Answers = (request: number) => Uint8Array | undefined;

export function frame(type: number, payload: Uint8Array, size = payload.length): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  bytes[0] = type;
  new DataView(bytes.buffer).setUint32(4, size, true);
  bytes.set(payload, HEADER);
  return bytes;
}

/** A whole REPLY. */
export function reply(body: Uint8Array, result = 0): Uint8Array {
  const payload = new Uint8Array(4 + body.length);
  new DataView(payload.buffer).setInt32(0, result, true);
  payload.set(body, 4);
  return frame(REPLY, payload);
}

/** Listens in the folder that libkrun would listen in. */
export class AgentDouble {
  /** May be changed at any time. */
  answers: Answers = () => undefined;
  /** Types of all requests so far. */
  readonly requests: number[] = [];
  readonly #listener: Deno.UnixListener;
  readonly #open = new Set<Deno.UnixConn>();
  readonly #serving: Promise<void>;

  constructor(folder: string) {
    this.#listener = Deno.listen({ transport: "unix", path: `${folder}/agent.sock` });
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      this.#talk(connection).catch(() => {
        // kago has hung up.
      }).finally(() => {
        this.#open.delete(connection);
        connection.close();
      });
    }
  }

  /** Until the other side closes: it does not like to be the second. */
  async #talk(connection: Deno.UnixConn): Promise<void> {
    const buffer = new Uint8Array(1024);
    await connection.write(frame(HELLO, new Uint8Array()));
    // A header first, and what else comes belongs to it.
    if (await connection.read(buffer) === null) return;
    const request = buffer[0]!;
    this.requests.push(request);
    const answer = this.answers(request);
    if (answer) await connection.write(answer);
    while (await connection.read(buffer) !== null) continue;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#serving;
    while (this.#open.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
