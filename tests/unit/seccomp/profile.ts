/** Profiles for the tests, and questions to the filters that they become. */
import { NATIVE, nativeArchitecture, resolveSyscall } from "../../../ffi/libseccomp.ts";
import { compileFilter } from "../../../runtime/seccomp/compile.ts";
import type { Seccomp, SeccompSyscall } from "../../../runtime/spec/spec.ts";
import { runFilter } from "./bpf.ts";

/** SECCOMP_RET_* (linux/seccomp.h). */
export const KILL_THREAD = 0x00000000;
export const ALLOW = 0x7fff0000;
export const errno = (number: number) => 0x00050000 | number;

/** A profile that allows all but what the rules say. */
export function allowing(...syscalls: SeccompSyscall[]): Seccomp {
  return { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

/** A profile that answers EPERM to all but what the rules say. */
export function denying(...syscalls: SeccompSyscall[]): Seccomp {
  return { defaultAction: "SCMP_ACT_ERRNO", syscalls };
}

export function podmanProfile(): Seccomp {
  return JSON.parse(
    Deno.readTextFileSync(new URL("testdata/podman_seccomp.json", import.meta.url)),
  );
}

/** Compiles a profile once and answers what it decides for a call of this machine's architecture. */
export function decider(seccomp: Seccomp) {
  const { filter } = compileFilter(seccomp);
  const architecture = nativeArchitecture();
  return (name: string | number, ...args: bigint[]): number => {
    const number = typeof name === "number" ? name : resolveSyscall(name, NATIVE)!;
    return runFilter(filter, { architecture, number, args });
  };
}
