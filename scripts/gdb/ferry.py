# SPDX-License-Identifier: GPL-2.0
"""gdb commands for a running kernel: ferry-log, ferry-ps, ferry-devices, ferry-cpus, ferry-driver. Loaded by make gdb; read-only, and they stop
at what makes no sense.
The symbols follow the kernel to where it was loaded (KASLR)."""
import os

import gdb

STATES = ("new", "ready", "running", "sleeping", "stopped", "dead")
DRIVER_STATES = ("Unbound", "Spawned", "Initializing", "CapabilityGranted", "Probing", "Running", "Crashed", "Restarting", "Failed", "Quiesced")
MOST = 4096


def entries(head, type_name, field):
    """The structures whose list @field hangs on @head."""
    kind = gdb.lookup_type(type_name)
    offset = [f.bitpos // 8 for f in kind.fields() if f.name == field][0]
    start, link = int(head.address), head["next"]
    for _ in range(MOST):
        if int(link) in (0, start):
            return
        yield gdb.Value(int(link) - offset).cast(kind.pointer()).dereference()
        link = link.dereference()["next"]


def text(value):
    return value.string(errors="replace")


class Log(gdb.Command):
    """The kernel's log (ferry-log [BYTES])."""

    def __init__(self):
        super().__init__("ferry-log", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        ring = gdb.parse_and_eval("'log.c'::ring")
        size, end = ring.type.sizeof, int(gdb.parse_and_eval("'log.c'::log_end"))
        n = min(end, size, int(argument, 0) if argument else size)
        data = gdb.selected_inferior().read_memory(int(ring.address), size).tobytes()
        at = (end - n) % size
        print((data + data)[at:at + n].decode(errors="replace"), end="")


class Processes(gdb.Command):
    """Processes and their threads: ferry-ps."""

    def __init__(self):
        super().__init__("ferry-ps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print("%-6s %-16s %-10s %s" % ("PID", "NAME", "STATE", "RIP"))
        for process in entries(gdb.parse_and_eval("all_processes"), "struct process", "all_link"):
            for thread in entries(process["threads"], "struct thread", "process_link"):
                state, regs = int(thread["state"]), thread["user_regs"]
                print("%-6d %-16s %-10s %s" % (int(thread["tid"]), text(process["name"]), STATES[state] if state < len(STATES) else "?",
                                              hex(int(regs["rip"])) if int(regs) else "-"))


class Devices(gdb.Command):
    """Devices and their drivers: ferry-devices."""

    def __init__(self):
        super().__init__("ferry-devices", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for device in entries(gdb.parse_and_eval("'device.c'::devices"), "struct device", "link"):
            state = int(device["state"])
            print("%-4d %-16s %04x:%04x %-16s %s" % (int(device["id"]), text(device["name"]), int(device["vendor"]), int(device["device"]),
                                                    text(device["driver_name"]) or "-", DRIVER_STATES[state] if state < len(DRIVER_STATES) else "?"))


class Cpus(gdb.Command):
    """What each CPU's own variables (struct cpu, cpus[N]) say: ferry-cpus."""

    def __init__(self):
        super().__init__("ferry-cpus", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print("%-4s %-7s %-16s %-8s %-8s %-8s %s" % ("CPU", "THREAD", "NAME", "PREEMPT", "IRQ", "RESCHED", "SWITCHES"))
        for i in range(int(gdb.parse_and_eval("nr_cpus"))):
            cpu = gdb.parse_and_eval("cpus[%d]" % i)
            thread = cpu["thread"]
            print("%-4d %-7d %-16s %-8d %-8d %-8d %d" % (i, int(thread["tid"]), text(thread["name"]), int(cpu["preempt_count"]), int(cpu["irq_depth"]),
                                                       int(cpu["need_resched"]), int(cpu["nr_switches"])))


class Driver(gdb.Command):
    """Load the symbols of a driver process to where it lies: ferry-driver NAME. Breakpoints in it are hardware breakpoints (hbreak)."""

    def __init__(self):
        super().__init__("ferry-driver", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        path = os.path.join(os.path.dirname(gdb.objfiles()[0].filename), "usr/drivers", argument)
        for process in entries(gdb.parse_and_eval("all_processes"), "struct process", "all_link"):
            if text(process["name"]) == argument and int(process["space"]):
                base = min(int(area["start"]) for area in entries(process["space"]["areas"], "struct vma", "link"))
                gdb.execute("set confirm off")
                gdb.execute("add-symbol-file %s -o %#x" % (path, base), to_string=True)
                gdb.execute("set confirm on")
                print("%s is process %d at %#x" % (argument, int(process["pid"]), base))
                return
        raise gdb.GdbError("no driver process is called " + argument)


class Offset:
    """How far the kernel was moved: start.S leaves it at a physical address that does not change. Looked at until it is known."""

    def __init__(self):
        self.path, self.known = gdb.objfiles()[0].filename, 0
        self.address = int(gdb.parse_and_eval("(unsigned long)&boot_image_offset"))
        gdb.events.stop.connect(self.follow)
        self.follow()

    def read(self):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
        try:
            return int.from_bytes(gdb.selected_inferior().read_memory(self.address, 8).tobytes(), "little")
        except gdb.error:
            return 0
        finally:
            gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)

    def follow(self, event=None):
        offset = 0 if self.known else self.read()
        if not offset or offset % 4096 or offset >> 31:
            return
        self.known = offset
        gdb.execute("set confirm off")
        gdb.execute("symbol-file -o %#x %s" % (offset, self.path), to_string=True)
        gdb.execute("set confirm on")


Log()
Processes()
Devices()
Cpus()
Driver()
Offset()
