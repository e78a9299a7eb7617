/** The shim's functions for sockets and other descriptors. */
import { EINTR } from "../runtime/common/errno.ts";
import { call, checked, cString } from "./shim_call.ts";

/** Both ends; the first learns who sends. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  checked(call("socket_pair", [], pair), "socketpair");
  return [pair[0]!, pair[1]!];
}

export function listenAt(path: string): number {
  return checked(call("listen", [], cString(path)), `bind ${path}`);
}

/** Refused when anybody but root or the caller's user listens; learns who sends. */
export function connectTo(path: string): number {
  return checked(call("connect", [], cString(path)), `connect ${path}`);
}

/** One datagram, with the descriptor `passed` unless that is -1. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>, passed = -1): void {
  checked(call("send", [fd, bytes.length, passed], bytes), "send");
}

export interface Datagram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A descriptor that came with it, or -1. */
  readonly passed: number;
  /** The process that sent it, as the kernel says; 0 where the socket does not learn that. */
  readonly sender: number;
}

/** More than the longest that a stage sends, of an operation that failed (helper-c/common/message.h). */
const MOST_BYTES = 8192;

/** Blocks for the next datagram, and cuts it at `most` bytes; undefined at the end of the stream. */
export function receive(fd: number, most = MOST_BYTES): Datagram | undefined {
  const buffer = new Uint8Array(most);
  const origin = new Int32Array(2);
  const size = checked(call("receive", [fd, buffer.length], buffer, origin), "recvmsg");
  if (size === 0) return undefined;
  return { bytes: buffer.subarray(0, size), passed: origin[0]!, sender: origin[1]! };
}

/** Connects to the unix stream socket `path` and sends the descriptor along with `text`. */
export function sendDescriptor(path: string, text: string, fd: number): void {
  checked(
    call("send_descriptor", [fd], cString(path), cString(text)),
    `send a descriptor to ${path}`,
  );
}

const O_DIRECTORY = 0o200000;

export function openFolder(path: string): number {
  return checked(call("open", [O_DIRECTORY], cString(path)), `open ${path}`);
}

/** A descriptor of a namespace, such as /proc/self/ns/net. */
export function openNamespace(path: string): number {
  return checked(call("open", [0], cString(path)), `open ${path}`);
}

/** A socket of rtnetlink(7) in the network namespace with the descriptor `ns`. */
export function netlinkIn(ns: number): number {
  return checked(call("netlink_in", [ns]), "open a socket in a network namespace");
}

/** A descriptor of a file to read; for errors, `what` was to be done with it. */
export function openToRead(path: string, what: string): number {
  return checked(call("open", [0], cString(path)), what);
}

/**
 * Reads a few bytes from where the last read ended, or, `again`, from the beginning: their number, or -errno.
 * Which bytes they are is not told: with an eventfd and files that tell of their changes, having read them is what matters.
 */
export function readAway(fd: number, again: boolean): number {
  const bytes = new Uint8Array(512);
  return call("read", [fd, bytes.length, Number(again)], bytes);
}

/** eventfd(2), with a first count. */
export function eventFd(count = 0): number {
  return checked(call("eventfd", [count]), "eventfd");
}

/** poll.h */
export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLNVAL = 0x20;

/** A descriptor, -1 for none, and what is waited for. */
export interface Wait {
  readonly fd: number;
  readonly events: number;
}

/** What has come of each wait, after `timeoutMs` at most; undefined when a signal came. */
export function poll(waits: readonly Wait[], timeoutMs: number): number[] | undefined {
  // struct pollfd: the descriptor, and 16 bits each for what is waited for and what has come.
  const fds = Int32Array.from(waits.flatMap(({ fd, events }) => [fd, events]));
  const result = call("poll", [waits.length, timeoutMs], fds);
  if (result === -EINTR) return undefined;
  checked(result, "poll");
  return waits.map((_, i) => fds[2 * i + 1]! >>> 16);
}

const O_RDWR = 2;

/** Opens a device for reading and writing: 0, or its errno; nothing stays open. */
export function tryOpenDevice(path: string): number {
  const fd = call("open", [O_RDWR], cString(path));
  if (fd < 0) return -fd;
  call("close", [fd]);
  return 0;
}

export function closeFd(fd: number): void {
  checked(call("close", [fd]), `close ${fd}`);
}
