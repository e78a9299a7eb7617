/**
 * The differences of the emulated host between processor architectures: packages, kernel modules, QEMU's machine. Data
 * only. Another architecture is one more entry of `MACHINES`.
 */
import { HostError } from "../../runtime/common/errors.ts";
import { uncompressBzImage } from "./bz_image.ts";

/** A shared library inside an npm package, and the file name for which the dynamic linker looks. */
export interface PackagedLibrary {
  /** Path below `node_modules` of `krun/`. */
  readonly file: string;
  readonly soname: string;
}

export interface Machine {
  /** Debian packages that must be installed outside. */
  readonly debianPackages: readonly string[];
  /** The metapackage that depends on the kernel's package. */
  readonly kernelMetapackage: string;
  /** Converts the package's `/boot/vmlinuz` to the format that QEMU's `-kernel` starts fastest. */
  readonly unpackKernel: (image: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
  /** Modules that the initramfs loads, in order; modprobe finds their dependencies. */
  readonly modules: readonly string[];
  readonly libraries: readonly PackagedLibrary[];
  /** A folder in which the dynamic linker looks without ld.so.cache (ld.so(8)). */
  readonly libraryDirectory: string;
  readonly qemu: string;
  /** QEMU's package. */
  readonly qemuPackage: string;
  /** QEMU's machine, accelerator and processor; the accelerator must emulate hardware virtualisation. */
  readonly qemuMachine: readonly string[];
  /** The kernel's name for QEMU's first serial port. */
  readonly serialConsole: string;
}

const MACHINES: Readonly<Record<string, Machine>> = {
  x86_64: {
    debianPackages: [
      ...["busybox-static", "kmod", "cpio", "libcap-ng0", "xz-utils", "zstd"],
    ],
    kernelMetapackage: "linux-image-amd64",
    unpackKernel: uncompressBzImage,
    modules: [
      ...["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio-rng"],
      ...["kvm-amd", "tun", "fuse", "loop"],
    ],
    libraries: [
      {
        file: "@earendil-works/gondolin-krun-runner-linux-x64/lib/libkrun.so.1",
        soname: "libkrun.so.1",
      },
      {
        file: "@superradcompany/microsandbox-linux-x64-gnu/lib/libkrunfw.so.5.6.1",
        soname: "libkrunfw.so.5",
      },
    ],
    libraryDirectory: "/usr/lib/x86_64-linux-gnu",
    qemu: "qemu-system-x86_64",
    qemuPackage: "qemu-system-x86",
    // TCG emulates AMD's SVM with nested paging, not Intel's VMX. Without AVX, with which it takes an eighth more time.
    qemuMachine: [
      ...["-machine", "q35", "-accel", "tcg,thread=multi"],
      ...["-cpu", "EPYC,+svm,+npt,-xsave,-avx"],
    ],
    serialConsole: "ttyS0",
  },
};

/** @throws {HostError} for an architecture that has no emulated host yet. */
export function machineFor(arch: string): Machine {
  const machine = MACHINES[arch];
  if (machine) return machine;
  throw new HostError(
    `there is no emulated host for ${arch}`,
    "run the tests on x86_64, or add the architecture to scripts/emulated_host/machine.ts",
  );
}
