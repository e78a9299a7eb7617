/**
 * sd-bus (libsystemd.so.0, as found by ld.so): method calls and signals of D-Bus, as blocking calls with plain values. The
 * callers choose the requests to systemd.
 */
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { showLibraries } from "./environment.ts";
import { type BusData, type BusValue, splitSignature } from "./dbus_signature.ts";

/** Structs of one member are passed like that member, and save Deno a trampoline (libseccomp.ts has the reason). */
const POINTER = { struct: ["pointer"] } as const;
const CHAR = { struct: ["i8"] } as const;

const SYMBOLS = {
  // int sd_bus_open_system(sd_bus **ret);
  sd_bus_open_system: { parameters: ["buffer"], result: "i32" },
  // int sd_bus_open_user(sd_bus **ret);
  sd_bus_open_user: { parameters: ["buffer"], result: "i32" },
  // sd_bus *sd_bus_flush_close_unref(sd_bus *bus);
  sd_bus_flush_close_unref: { parameters: [POINTER], result: "pointer" },
  // int sd_bus_message_new_method_call(sd_bus *bus, sd_bus_message **m, const char *destination,
  //                                    const char *path, const char *interface, const char *member);
  sd_bus_message_new_method_call: {
    parameters: [POINTER, "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int sd_bus_message_append_basic(sd_bus_message *m, char type, const void *p);
  sd_bus_message_append_basic: { parameters: [POINTER, CHAR, "buffer"], result: "i32" },
  // int sd_bus_message_open_container(sd_bus_message *m, char type, const char *contents);
  sd_bus_message_open_container: { parameters: [POINTER, CHAR, "buffer"], result: "i32" },
  // int sd_bus_message_close_container(sd_bus_message *m);
  sd_bus_message_close_container: { parameters: [POINTER], result: "i32" },
  // int sd_bus_call(sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *ret_error,
  //                 sd_bus_message **ret_reply);
  sd_bus_call: { parameters: [POINTER, POINTER, "u64", "buffer", "buffer"], result: "i32" },
  // int sd_bus_process(sd_bus *bus, sd_bus_message **ret);
  sd_bus_process: { parameters: [POINTER, "buffer"], result: "i32" },
  // int sd_bus_wait(sd_bus *bus, uint64_t timeout_usec);
  sd_bus_wait: { parameters: [POINTER, "u64"], result: "i32" },
  // int sd_bus_message_is_signal(sd_bus_message *m, const char *interface, const char *member);
  sd_bus_message_is_signal: { parameters: [POINTER, "buffer", "buffer"], result: "i32" },
  // int sd_bus_message_enter_container(sd_bus_message *m, char type, const char *contents);
  sd_bus_message_enter_container: { parameters: [POINTER, CHAR, "buffer"], result: "i32" },
  // int sd_bus_message_read_basic(sd_bus_message *m, char type, void *ret_p);
  sd_bus_message_read_basic: { parameters: [POINTER, CHAR, "buffer"], result: "i32" },
  // sd_bus_message *sd_bus_message_unref(sd_bus_message *m);
  sd_bus_message_unref: { parameters: [POINTER], result: "pointer" },
} as const;

type Bytes = Uint8Array<ArrayBuffer>;
type Sd = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Sd | undefined;

function load(): Sd {
  try {
    library ??= Deno.dlopen("libsystemd.so.0", SYMBOLS).symbols;
  } catch (cause) {
    throw new HostError(
      "the systemd cgroup manager needs libsystemd.so.0, which cannot be loaded",
      "install libsystemd (Debian: libsystemd0), or run without --systemd-cgroup",
      { cause },
    );
  }
  return library;
}

/** The variables by which sd-bus finds the bus. */
const BUS_VARIABLES = ["DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

const encoder = new TextEncoder();

function cString(text: string): Bytes {
  return encoder.encode(`${text}\0`);
}

function char(type: string): Bytes {
  return new Uint8Array([type.charCodeAt(0)]);
}

/** A slot for a pointer that a function returns; its contents can be passed as POINTER. */
function pointerSlot(): Bytes {
  return new Uint8Array(8);
}

function textAt(slot: Bytes): string {
  const pointer = Deno.UnsafePointer.create(new BigUint64Array(slot.buffer)[0]!);
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

function checked(result: number, operation: string): number {
  if (result < 0) throw new SyscallError(operation, -result);
  return result;
}

/** The peer replied with an error; `errorName` is for example `org.freedesktop.systemd1.NoSuchUnit`. */
export class BusError extends Error {
  override name = "BusError";
  constructor(readonly errorName: string, message: string) {
    super(message);
  }
}

/** A method call as data. */
export interface BusCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly args: readonly BusValue[];
}

/** Microseconds that a call waits for the reply. */
const PATIENCE = 30_000_000n;

/** A connection; it must be closed. */
export class Bus implements Disposable {
  readonly #sd = load();
  readonly #bus = pointerSlot();

  /**
   * @throws {HostError} without libsystemd.
   * @throws {SyscallError} when the bus does not answer.
   */
  constructor(which: "system" | "user") {
    showLibraries(BUS_VARIABLES);
    const open = which === "user" ? "sd_bus_open_user" : "sd_bus_open_system";
    checked(this.#sd[open](this.#bus), `connect to the ${which} bus`);
  }

  /**
   * Calls a method and waits: the first value of the reply, if it is a string (`s`, `o`) or a variant of one (`vs`).
   * @throws {BusError} with the peer's error.
   */
  call(call: BusCall, answer: "s" | "o" | "vs" | "" = ""): string {
    const message = this.#message(call);
    const reply = pointerSlot();
    const error = new Uint8Array(24); // struct { const char *name, *message; int need_free; }
    try {
      const result = this.#sd.sd_bus_call(this.#bus, message, PATIENCE, error, reply);
      if (result < 0) throw callError(call, result, error);
      if (answer === "") return "";
      return this.#readText(reply, answer);
    } finally {
      this.#sd.sd_bus_message_unref(message);
      this.#sd.sd_bus_message_unref(reply);
    }
  }

  /** The values of the next matching signal, of types u, s and o; undefined on a timeout. */
  nextSignal(
    { interface: from, member, signature }: Readonly<
      Record<"interface" | "member" | "signature", string>
    >,
    milliseconds: number,
  ): readonly (string | number)[] | undefined {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const message = pointerSlot();
      const progress = checked(this.#sd.sd_bus_process(this.#bus, message), "read from the bus");
      const matches = this.#sd.sd_bus_message_is_signal(message, cString(from), cString(member));
      const values = matches > 0 ? this.#readAll(message, signature) : undefined;
      this.#sd.sd_bus_message_unref(message);
      if (values) return values;
      const left = deadline - performance.now();
      if (left <= 0) return undefined;
      if (progress === 0) this.#sd.sd_bus_wait(this.#bus, BigInt(Math.ceil(left * 1000)));
    }
  }

  [Symbol.dispose](): void {
    this.#sd.sd_bus_flush_close_unref(this.#bus);
  }

  #message(call: BusCall): Bytes {
    const message = pointerSlot();
    const words = [call.destination, call.path, call.interface, call.member].map(cString);
    const [destination, path, from, member] = words as [Bytes, Bytes, Bytes, Bytes];
    checked(
      this.#sd.sd_bus_message_new_method_call(this.#bus, message, destination, path, from, member),
      `a D-Bus message ${call.member}`,
    );
    for (const [signature, data] of call.args) this.#append(message, signature, data);
    return message;
  }

  #append(message: Bytes, signature: string, data: BusData): void {
    switch (signature[0]) {
      case "v": {
        const [inner, value] = data as unknown as BusValue;
        return this.#container(message, "v", inner, () => this.#append(message, inner, value));
      }
      case "a": {
        const inner = signature.slice(1);
        const items = data as readonly BusData[];
        const appendAll = () => items.forEach((item) => this.#append(message, inner, item));
        return this.#container(message, "a", inner, appendAll);
      }
      case "(":
      case "{": {
        const inner = signature.slice(1, -1);
        const fields = data as readonly BusData[];
        const types = splitSignature(inner);
        const appendAll = () => types.forEach((type, i) => this.#append(message, type, fields[i]!));
        return this.#container(message, signature[0] === "(" ? "r" : "e", inner, appendAll);
      }
      default: {
        const bytes = basicBytes(signature, data);
        const result = this.#sd.sd_bus_message_append_basic(message, char(signature), bytes);
        checked(result, `the D-Bus value ${data} of type ${signature}`);
      }
    }
  }

  #container(message: Bytes, kind: string, contents: string, fill: () => void): void {
    const opened = this.#sd.sd_bus_message_open_container(message, char(kind), cString(contents));
    checked(opened, `a D-Bus value of type ${kind} of ${contents}`);
    fill();
    checked(this.#sd.sd_bus_message_close_container(message), "the end of a D-Bus container");
  }

  #readText(message: Bytes, answer: "s" | "o" | "vs"): string {
    if (answer === "vs") {
      const entered = this.#sd.sd_bus_message_enter_container(message, char("v"), cString("s"));
      checked(entered, "read a D-Bus variant");
    }
    return this.#readAll(message, answer.slice(-1))[0] as string;
  }

  #readAll(message: Bytes, signature: string): (string | number)[] {
    return [...signature].map((type) => {
      const slot = pointerSlot();
      checked(this.#sd.sd_bus_message_read_basic(message, char(type), slot), "read a D-Bus value");
      return type === "u" ? new Uint32Array(slot.buffer)[0]! : textAt(slot);
    });
  }
}

function callError({ member }: BusCall, result: number, error: Bytes): Error {
  const name = textAt(error.slice(0, 8));
  if (name === "") return new SyscallError(`D-Bus call ${member}`, -result);
  return new BusError(name, textAt(error.slice(8, 16)) || name);
}

const INTEGERS: Readonly<Record<string, readonly [bytes: number, signed: boolean]>> = {
  y: [1, false],
  n: [2, true],
  q: [2, false],
  i: [4, true],
  u: [4, false],
  x: [8, true],
  t: [8, false],
  b: [4, false],
};

/** The argument of sd_bus_message_append_basic(): a string itself, all else by address in this machine's byte order. */
function basicBytes(type: string, data: BusData): Bytes {
  if (typeof data === "string") return cString(data);
  if (type === "d") return new Uint8Array(new Float64Array([Number(data)]).buffer);
  const [size, signed] = INTEGERS[type]!;
  const value = BigInt(data as number | bigint | boolean);
  const fits = signed ? BigInt.asIntN(size * 8, value) : BigInt.asUintN(size * 8, value);
  if (fits !== value) throw new RangeError(`${value} does not fit the D-Bus type ${type}`);
  return new Uint8Array(new BigUint64Array([BigInt.asUintN(64, value)]).buffer);
}
