/** rtnetlink requests about the interfaces of one network namespace. */
import { closeFd, netlinkIn, receive, send } from "../../ffi/descriptors.ts";
import { EMSGSIZE, ENODEV } from "../common/errno.ts";
import { SyscallError } from "../common/errors.ts";
import {
  type Address,
  addressQuery,
  addressRequest,
  endOf,
  type Link,
  linkQuery,
  type Message,
  messagesOf,
  moveRequest,
  readAddress,
  readLink,
  upRequest,
} from "./rtnetlink.ts";

/** Larger than any datagram of the kernel. */
const ROOM = 32768;

/** All methods throw a {SyscallError} when the kernel refuses. */
export class NetSocket implements Disposable {
  readonly #fd: number;

  /** @param ns a descriptor of the namespace. */
  constructor(ns: number) {
    this.#fd = netlinkIn(ns);
  }

  findLink(name: string): Link {
    return readLink(this.#ask(linkQuery(name))[0]!);
  }

  isTaken(name: string): boolean {
    try {
      this.findLink(name);
      return true;
    } catch (error) {
      if (error instanceof SyscallError && error.errno === ENODEV) return false;
      throw error;
    }
  }

  setUp(index: number, up: boolean): void {
    this.#ask(upRequest(index, up));
  }

  /** Moves an interface into the network namespace with the descriptor `ns`. */
  move(index: number, ns: number, name: string): void {
    this.#ask(moveRequest(index, ns, name));
  }

  /** The permanent addresses of global scope. */
  addresses(index: number): Address[] {
    return this.#ask(addressQuery()).flatMap((message) => readAddress(message, index) ?? []);
  }

  addAddress(index: number, address: Address): void {
    this.#ask(addressRequest(index, address));
  }

  /** Sends a request and reads the whole answer, up to the acknowledgement or the end of a list. */
  #ask(request: Uint8Array<ArrayBuffer>): Message[] {
    send(this.#fd, request);
    const answer: Message[] = [];
    for (;;) {
      const bytes = receive(this.#fd, ROOM)?.bytes;
      if (!bytes || bytes.length === ROOM) throw new SyscallError("recvmsg", EMSGSIZE);
      for (const message of messagesOf(bytes)) {
        const errno = endOf(message);
        if (errno === 0) return answer;
        if (errno !== undefined) throw new SyscallError("an answer of rtnetlink", errno);
        answer.push(message);
      }
    }
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }
}
