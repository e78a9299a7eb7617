/** A property of a systemd unit, as data for D-Bus (org.freedesktop.systemd1(5)). */
import type { BusValue } from "../../../ffi/dbus_signature.ts";

export type UnitProperty = readonly [name: string, value: BusValue];
