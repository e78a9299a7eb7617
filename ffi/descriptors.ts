/** The shim's functions for sockets and other descriptors. */
import { EINTR } from "../runtime/common/errno.ts";
import { call, checked, cString } from "./shim_call.ts";

/** Both ends; the first one receives the sender's pid. */
export function socketPair(): [number, number] {
  const pair = new Int32Array(2);
  checked(call("socket_pair", [], pair), "socketpair");
  return [pair[0]!, pair[1]!];
}

export function listenAt(path: string): number {
  return checked(call("listen", [], cString(path)), `bind ${path}`);
}

/** Refused when the listener is neither root nor the caller's user; receives the sender's pid. */
export function connectTo(path: string): number {
  return checked(call("connect", [], cString(path)), `connect ${path}`);
}

/** Sends one datagram, with the descriptor `passed` unless that is -1. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>, passed = -1): void {
  checked(call("send", [fd, bytes.length, passed], bytes), "send");
}

export interface Datagram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A descriptor that was sent with it, or -1. */
  readonly passed: number;
  /** The sender's pid, from the kernel; 0 if the socket does not receive it. */
  readonly sender: number;
}

/** More than the longest message of a stage, about a failed operation (helper-c/common/message.h). */
const MOST_BYTES = 8192;

/** Waits for the next datagram, and truncates it to `most` bytes; undefined at end of file. */
export function receive(fd: number, most = MOST_BYTES): Datagram | undefined {
  const buffer = new Uint8Array(most);
  const origin = new Int32Array(2);
  const size = checked(call("receive", [fd, buffer.length], buffer, origin), "recvmsg");
  if (size === 0) return undefined;
  return { bytes: buffer.subarray(0, size), passed: origin[0]!, sender: origin[1]! };
}

/** Connects to the unix stream socket `path` and sends the descriptor with `text`. */
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

/** An rtnetlink(7) socket in the network namespace with the descriptor `ns`. */
export function netlinkIn(ns: number): number {
  return checked(call("netlink_in", [ns]), "open a socket in a network namespace");
}

/** A descriptor for reading a file; `what` names the operation in errors. */
export function openToRead(path: string, what: string): number {
  return checked(call("open", [0], cString(path)), what);
}

/**
 * Reads a few bytes from the file offset or, with `again`, from the beginning: their number, or -errno. The bytes are
 * discarded: for an eventfd and for files that report changes, only the read matters.
 */
export function readAway(fd: number, again: boolean): number {
  const bytes = new Uint8Array(512);
  return call("read", [fd, bytes.length, Number(again)], bytes);
}

/** eventfd(2), with an initial count. */
export function eventFd(count = 0): number {
  return checked(call("eventfd", [count]), "eventfd");
}

/** poll.h */
export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLNVAL = 0x20;

/** A descriptor, -1 for none, and the awaited events. */
export interface Wait {
  readonly fd: number;
  readonly events: number;
}

/** The events of each descriptor, after at most `timeoutMs`; undefined when a signal arrived. */
export function poll(waits: readonly Wait[], timeoutMs: number): number[] | undefined {
  // struct pollfd: the descriptor, and 16 bits each for requested and returned events.
  const fds = Int32Array.from(waits.flatMap(({ fd, events }) => [fd, events]));
  const result = call("poll", [waits.length, timeoutMs], fds);
  if (result === -EINTR) return undefined;
  checked(result, "poll");
  return waits.map((_, i) => fds[2 * i + 1]! >>> 16);
}

const O_RDWR = 2;

/** Opens a device for reading and writing and closes it: 0, or the errno. */
export function tryOpenDevice(path: string): number {
  const fd = call("open", [O_RDWR], cString(path));
  if (fd < 0) return -fd;
  call("close", [fd]);
  return 0;
}

export function closeFd(fd: number): void {
  checked(call("close", [fd]), `close ${fd}`);
}
