/** Moves a network interface from one network namespace into another. */
import { EEXIST, ENAMETOOLONG } from "../common/errno.ts";
import { SyscallError } from "../common/errors.ts";
import { NetSocket } from "./net_socket.ts";
import { type Address, formatAddress, type Link } from "./rtnetlink.ts";

export interface NetDeviceMove {
  readonly name: string;
  /** A %d in it is replaced by the first free number in the target namespace. */
  readonly newName: string;
  /** Descriptors of network namespaces. */
  readonly from: number;
  readonly to: number;
  /** Is it set up in the target namespace? */
  readonly up: boolean;
}

export interface Moved {
  /** The name in the target namespace. */
  readonly name: string;
  /** Was it up before? */
  readonly wasUp: boolean;
}

/** Both ends of a move. */
interface Ends {
  readonly here: NetSocket;
  readonly there: NetSocket;
}

/**
 * Moves an interface with its permanent addresses of global scope (runtime spec, config-linux.md, "Network Devices").
 * @throws {SyscallError} with the step that failed; the interface is then back in its namespace.
 */
export function moveNetDevice(move: NetDeviceMove): Moved {
  using here = step("enter its namespace", () => new NetSocket(move.from));
  using there = step("enter its namespace", () => new NetSocket(move.to));
  const link = step("find it", () => here.findLink(move.name));
  const name = step(
    "take that name there",
    () => freeName(move.newName, (name) => there.isTaken(name)),
  );
  // Before it is set down, which removes its IPv6 addresses.
  const addresses = step("list its addresses", () => here.addresses(link.index));
  step("set it down", () => here.setUp(link.index, false));
  carry({ here, there }, { ...move, newName: name }, link, addresses);
  return { name, wasUp: link.up };
}

/** Moves the interface, which is down, and restores its addresses and state; undone on an error. */
function carry(ends: Ends, move: NetDeviceMove, link: Link, addresses: readonly Address[]): void {
  const { here, there } = ends;
  try {
    step("move it", () => here.move(link.index, move.to, move.newName));
  } catch (error) {
    ignoreRefusal(() => here.setUp(link.index, link.up));
    throw error;
  }
  try {
    arrive(there, move.newName, addresses, move.up);
  } catch (error) {
    ignoreRefusal(() => goBack(ends, move, link.up, addresses));
    throw error;
  }
}

function arrive(
  there: NetSocket,
  name: string,
  addresses: readonly Address[],
  up: boolean,
): void {
  const { index } = step("find it again", () => there.findLink(name));
  for (const address of addresses) {
    step(
      `give it its address ${formatAddress(address)} there`,
      () => there.addAddress(index, address),
    );
  }
  if (up) step("set it up there", () => there.setUp(index, true));
}

/** Undoes a move after which the interface could not be configured. */
function goBack(
  { here, there }: Ends,
  { name, newName, from }: NetDeviceMove,
  up: boolean,
  addresses: readonly Address[],
): void {
  const { index } = there.findLink(newName);
  there.setUp(index, false);
  there.move(index, from, name);
  arrive(here, name, addresses, up);
}

/** IFNAMSIZ (linux/if.h) counts the final NUL. */
const MOST_BYTES = 15;
/** The kernel's own limit for templates. */
const MOST_NUMBERS = 32768;

/**
 * The name, or the template's first free name. The kernel would move the interface before it finds that the name is taken.
 * @throws {SyscallError} EEXIST, ENAMETOOLONG
 */
export function freeName(template: string, isTaken: (name: string) => boolean): string {
  const isTemplate = template.includes("%d");
  for (let number = 0; number < (isTemplate ? MOST_NUMBERS : 1); number++) {
    const name = template.replace("%d", String(number));
    if (new TextEncoder().encode(name).length > MOST_BYTES) throw refusal(ENAMETOOLONG);
    if (!isTaken(name)) return name;
  }
  throw refusal(EEXIST);
}

function refusal(errno: number): SyscallError {
  return new SyscallError("choose a name", errno);
}

/** Does a step of the move; its name is added to an error. */
function step<T>(words: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new SyscallError(words, cause.errno, cause.stage, { cause });
  }
}

/** Does a step whose failure must not replace the error that is being thrown. */
function ignoreRefusal(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}
