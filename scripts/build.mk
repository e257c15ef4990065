# SPDX-License-Identifier: GPL-2.0
#
# The build proper: reads the configuration, collects every directory's lists, and turns them
# into the kernel, the moved drivers, the programs, the initramfs and the image.

include scripts/flags.mk

auto-conf := $(O)/include/config/auto.conf
autoconf-h := $(O)/include/generated/autoconf.h

# Make reads auto.conf, finds it older than the configuration, remakes it and starts again.
include $(auto-conf)

$(auto-conf): $(KCONFIG_CONFIG) scripts/kconfig $(wildcard $(kconfig-files))
	$(Q)mkdir -p $(O)
	$(Q)$(KCONFIG) sync $(auto-conf) $(autoconf-h)

$(KCONFIG_CONFIG):
	@echo '*** No configuration "$@". Please run "make defconfig" (or menuconfig) first.' >&2; false

# ---- Collect the lists -------------------------------------------------------------------------
#
# A directory's Makefile may set these, and dir-y to go deeper (with a slash at the end):
#   obj-y        part of the kernel
#   driver-y/-m  a driver, linked into the kernel or moved into a process of its own; driver-$(CONFIG_X)
#   test-driver-y  a moved driver for tests: built, and in no image
#   library-y    code that drivers share, an archive in each world
#   lib-y        lib/, an archive in each world; lib-kernel-y: the kernel's only, where others have a C library
#   unchecked-y  objects of the kernel that CONFIG_DEBUG_KERNEL leaves as they are
#   user-shim-y, host-shim-y   the driver API in the other two worlds
#   program-y    a user program
#   unit-host-y, unit-kernel-y, model-y, fuzz-y   tests/
# For an object foo.o of driver-y or program-y, foo-parts := a.o b.o names the objects it is made of.

lists := obj unchecked driver test-driver library lib lib-kernel user-shim host-shim program unit-host unit-kernel model fuzz
top-dirs := arch/x86/ kernel/ mm/ fs/ net/ ipc/ lib/ drivers/ shim/ usr/ tests/

parts-of = $(or $($(basename $(1))-parts),$(1))

define read-dir
$(foreach l,$(lists) dir,$(eval $(l)-y :=)$(eval $(l)-m :=)$(eval $(l)- :=))
$(eval include $(1)Makefile)
$(eval makefiles += $(1)Makefile)
$(foreach l,$(lists),$(eval all-$(l)-y += $(addprefix $(1),$($(l)-y)))$(eval all-$(l)-m += $(addprefix $(1),$($(l)-m))))
$(eval all-driver-n += $(addprefix $(1),$(driver-)))
$(foreach o,$(driver-y) $(driver-m) $(driver-) $(test-driver-y) $(program-y),$(eval parts-$(1)$(o) := $(addprefix $(1),$(call parts-of,$(o)))))
$(foreach d,$(dir-y),$(call read-dir,$(1)$(d)))
endef

$(foreach d,$(top-dirs),$(eval $(strip $(call read-dir,$(d)))))

ifneq ($(strip $(all-obj-m)),)
$(error only drivers can be moved, but these objects of the kernel are m: $(all-obj-m))
endif

driver-parts = $(foreach o,$(1),$(parts-$(o)))
in = $(addprefix $(O)/$(1),$(2))

# ---- Worlds ------------------------------------------------------------------------------------

kernel-objs := $(call in,,$(all-obj-y))
ifeq ($(CONFIG_KERNEL_SELFTEST),y)
kernel-objs += $(O)/tests/ktest.o $(O)/tests/ktest_kernel.o \
	$(call in,tests/unit/,$(patsubst tests/%,%,$(patsubst tests/unit/%,tests/%,$(all-unit-kernel-y))))
endif
kernel-driver-objs := $(call in,,$(call driver-parts,$(all-driver-y)))
# Moved drivers that the kernel has too: the same objects, but where no driver is looked for when devices come.
asleep-driver-objs := $(if $(CONFIG_DRIVER_FALLBACK),$(call in,,$(call driver-parts,$(all-driver-m))))
fallback-objs := $(patsubst $(O)/%,$(O)/fallback/%,$(asleep-driver-objs))
kernel-library-objs := $(call in,,$(all-library-y))
kernel-lib-objs := $(call in,,$(all-lib-y) $(all-lib-kernel-y))
all-kernel-objs := $(sort $(kernel-objs) $(kernel-driver-objs) $(asleep-driver-objs) $(kernel-library-objs) $(kernel-lib-objs))

user-driver-objs := $(call in,user/,$(call driver-parts,$(all-driver-m) $(all-test-driver-y)))
user-library-objs := $(call in,user/,$(all-library-y))
user-shim-objs := $(call in,user/,$(all-user-shim-y))
user-lib-objs := $(call in,user/,$(all-lib-y))
user-program-objs := $(call in,user/,$(call driver-parts,$(all-program-y)))
all-user-objs := $(sort $(user-driver-objs) $(user-library-objs) $(user-shim-objs) $(user-lib-objs) $(user-program-objs))

moved-drivers := $(addprefix $(O)/usr/drivers/,$(basename $(notdir $(all-driver-m))))
test-drivers := $(addprefix $(O)/tests/drivers/,$(basename $(notdir $(all-test-driver-y))))
program-files = $(addprefix $(O)/usr/bin/,$(basename $(notdir $(1))))
programs := $(call program-files,$(all-program-y))
# Those of tests/ are in an archive of their own, which ./ferry run adds when its command names one.
test-programs := $(call program-files,$(filter tests/%,$(all-program-y)))
root-programs := $(filter-out $(test-programs),$(programs))

# The host tests every driver, also one that the configuration leaves out.
host-driver-objs := $(call in,host/,$(call driver-parts,$(all-driver-y) $(all-driver-m) $(all-driver-n)))
host-library-objs := $(call in,host/,$(all-library-y))
host-lib-objs := $(call in,host/,$(all-lib-y))
host-shim-objs := $(call in,host/,$(all-host-shim-y) $(all-model-y))
host-test-objs := $(call in,host/tests/unit/,$(patsubst tests/%,%,$(patsubst tests/unit/%,tests/%,$(all-unit-host-y))))
host-fuzz-objs := $(call in,host/,$(all-fuzz-y))
fuzz-targets := $(patsubst %_fuzz.o,$(O)/host/fuzz/%,$(notdir $(all-fuzz-y)))
all-host-objs := $(sort $(host-driver-objs) $(host-library-objs) $(host-lib-objs) $(host-shim-objs) \
	$(host-test-objs) $(O)/host/tests/ktest.o $(O)/host/tests/ktest_host.o)

# Include paths are the layers: what a world may not reach is not on its path.
$(kernel-driver-objs) $(asleep-driver-objs) $(kernel-library-objs): includes := $(driver-kernel-includes)
$(call in,,$(filter net/%,$(all-obj-y))): includes := $(kernel-includes) $(net-includes)
$(user-driver-objs) $(user-library-objs) $(user-shim-objs): includes := $(driver-user-includes)

# ---- Stamps: a file that changes when the text it holds does ------------------------------------

$(shell mkdir -p $(O)/stamp $(sort $(dir $(all-kernel-objs) $(fallback-objs) $(all-user-objs) $(all-host-objs) $(host-fuzz-objs))) \
	$(O)/host/fuzz $(O)/usr/bin $(O)/usr/drivers $(O)/tests/drivers $(O)/arch/x86/boot)
ifeq ($(config-dir),.)
$(shell test -e $(O)/.config || ln -sf ../.config $(O)/.config)
endif

stamp = $(O)/stamp/$(1)
define newline


endef
# GNU make 4.3 now and then leaves the newline at the end of what $(file <) reads: taken away here, always.
stamp-text = $(subst $(newline),,$(file <$(call stamp,$(1))))
define set-stamp
$(if $(call differ,$(call stamp-text,$(1)),$(2)),$(file >$(call stamp,$(1)),$(2)))
endef
differ = $(if $(and $(findstring x$(1)x,x$(2)x),$(findstring x$(2)x,x$(1)x)),,y)

# A tree that was moved or copied is not built anew.
no-path = $(strip $(filter-out -ffile-prefix-map=%,$(1)))
own-flags := $(foreach v,$(sort $(filter CFLAGS_%,$(.VARIABLES))),$(v)=$($(v)))
$(call set-stamp,kernel,$(call no-path,$(own-flags) $(CC) $(kernel-cflags) $(if $(CONFIG_DEBUG_KERNEL),$(all-unchecked-y)) $(kernel-includes) $(driver-kernel-includes)))
$(call set-stamp,user,$(call no-path,$(user-cc) $(user-cflags) $(user-includes) $(driver-user-includes)))
$(call set-stamp,host,$(call no-path,$(HOSTCC) $(host-cflags) $(host-includes)))
$(call set-stamp,link,$(strip $(LD) $(kernel-ldflags) $(kernel-objs) $(kernel-driver-objs) $(fallback-objs)))
$(call set-stamp,archives,$(strip $(AR) $(all-library-y) $(all-lib-y) $(all-user-shim-y)))
$(call set-stamp,host-link,$(strip $(host-cflags) $(all-host-objs)))
$(call set-stamp,rootfs,$(strip $(moved-drivers) $(root-programs) $(CONFIG_INITRAMFS_EXTRA)))
$(call set-stamp,testfs,$(or $(strip $(test-programs)),none))
$(call set-stamp,cmdline,$(CONFIG_CMDLINE))

# ---- Compile -----------------------------------------------------------------------------------

checker = $(if $(filter 1 2,$(C)),$(Q)sparse $(sparse-flags) $(filter-out -W%,$(1)) $<)

$(all-kernel-objs): includes ?= $(kernel-includes)
$(O)/%.o: %.c $(O)/stamp/kernel | $(autoconf-h)
	$(call say,CC,$*.o)
	$(call checker,$(kernel-cflags) $(includes))
	$(Q)$(CC) $(if $(filter $*.o,$(all-unchecked-y)),$(filter-out $(debug-cflags),$(kernel-cflags)),$(kernel-cflags)) \
		$(includes) $(CFLAGS_$*.o) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(O)/fs/config_data.o: $(auto-conf)    # writes $(O)/include/generated/config.gz too
$(O)/%.o: %.S $(O)/stamp/kernel | $(autoconf-h)
	$(call say,AS,$*.o)
	$(Q)$(CC) $(kernel-asflags) $(kernel-includes) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(all-user-objs): includes ?= $(user-includes)
$(O)/user/%.o: %.c $(O)/stamp/user
	$(call say,CC [U],$*.o)
	$(call checker,$(user-cflags) $(user-sparse) $(includes))
	$(Q)$(user-cc) $(user-cflags) $(includes) $(CFLAGS_$*.o) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(O)/user/%.o: %.S $(O)/stamp/user
	$(call say,AS [U],$*.o)
	$(Q)$(user-cc) $(user-cflags) $(user-includes) -D__ASSEMBLY__ -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(O)/host/%.o: %.c $(O)/stamp/host
	$(call say,CC [H],$*.o)
	$(Q)$(HOSTCC) $(host-cflags) $(host-includes) $(CFLAGS_$*.o) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

$(autoconf-h): $(auto-conf) ;

-include $(patsubst %.o,%.d,$(all-kernel-objs) $(all-user-objs) $(all-host-objs) $(host-fuzz-objs) $(O)/host/tests/fuzz/replay.o) $(O)/kernel.lds.d

# make path/file.o builds one object of the kernel.
$(patsubst $(O)/%,%,$(all-kernel-objs)): %.o: $(O)/%.o ; @:

# ---- The shared object in every program, part of the kernel as bytes ------------------------------

vdso-so := $(O)/arch/x86/vdso/vdso.so
$(vdso-so): arch/x86/vdso/vdso.c arch/x86/vdso/vdso.lds $(O)/stamp/kernel
	$(call say,VDSO,$(@F))
	$(Q)$(CC) $(common-cflags) $(vdso-cflags) -Iinclude -Iarch/x86/include -MMD -MP -MF $(@:.so=.d) -MT $@ \
		-o $@ $< $(vdso-ldflags) -Wl,-T,arch/x86/vdso/vdso.lds
	$(Q)$(STRIP) -g $@
$(O)/arch/x86/vdso/image.o: kernel-asflags += -Wa,-I$(O)
$(O)/arch/x86/vdso/image.o: $(vdso-so)
-include $(vdso-so:.so=.d)

# ---- Link the kernel ---------------------------------------------------------------------------

ar = rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

$(O)/libdrv-kernel.a: $(kernel-library-objs) $(O)/stamp/archives
	$(call say,AR,$(@F))
	$(Q)$(ar)
$(O)/lib-kernel.a: $(kernel-lib-objs) $(O)/stamp/archives
	$(call say,AR,$(@F))
	$(Q)$(ar)

$(O)/kernel.lds: arch/x86/boot/kernel.lds.S $(O)/stamp/kernel
	$(call say,LDS,$(@F))
	$(Q)$(CC) -E -P -x assembler-with-cpp -D__ASSEMBLY__ -DLINKER_SCRIPT $(kernel-includes) -MMD -MP -MF $@.d -MT $@ -o $@ $<

kernel-archives := $(O)/libdrv-kernel.a $(O)/lib-kernel.a
link-kernel = $(LD) $(kernel-ldflags) -T $(O)/kernel.lds -o $(1) $(kernel-objs) $(kernel-driver-objs) $(fallback-objs) \
	$(2) --start-group $(kernel-archives) --end-group

$(fallback-objs): $(O)/fallback/%.o: $(O)/%.o
	$(call say,ASLEEP,$*.o)
	$(Q)$(OBJCOPY) --rename-section ferry_drivers=ferry_fallbacks $< $@

# The symbol table of backtraces: link, list the functions, link again with the list. The table
# lies behind the text, so the second link moves no function; kallsyms --verify makes sure.
# The list of its addresses lies behind everything, so the third link moves nothing; relocs makes it from an image without debug information.
$(O)/ferry.elf: $(kernel-objs) $(kernel-driver-objs) $(fallback-objs) $(kernel-archives) $(O)/kernel.lds $(O)/stamp/link scripts/kallsyms scripts/relocs
	$(call say,LD,$(@F))
	$(Q)scripts/kallsyms --empty >$(O)/kallsyms0.S
	$(Q)$(CC) $(kernel-asflags) -c -o $(O)/kallsyms0.o $(O)/kallsyms0.S
	$(Q)scripts/relocs --empty >$(O)/relocs.S
	$(Q)$(CC) $(kernel-asflags) -c -o $(O)/relocs.o $(O)/relocs.S
	$(Q)$(call link-kernel,$(O)/ferry.tmp,$(O)/kallsyms0.o $(O)/relocs.o)
	$(Q)$(NM) -n $(O)/ferry.tmp | scripts/kallsyms >$(O)/kallsyms1.S
	$(Q)$(CC) $(kernel-asflags) -c -o $(O)/kallsyms1.o $(O)/kallsyms1.S
	$(Q)$(call link-kernel,$(O)/ferry.relocs,$(O)/kallsyms1.o $(O)/relocs.o -S --emit-relocs)
	$(if $(CONFIG_RANDOMIZE_BASE),$(Q)scripts/relocs $(O)/ferry.relocs >$(O)/relocs.S)
	$(if $(CONFIG_BRANCH_TARGETS),$(Q)scripts/relocs --targets $(O)/ferry.relocs)
	$(Q)$(CC) $(kernel-asflags) -c -o $(O)/relocs.o $(O)/relocs.S
	$(Q)$(call link-kernel,$(O)/ferry.tmp,$(O)/kallsyms1.o $(O)/relocs.o)
	$(Q)$(NM) -n $(O)/ferry.tmp | scripts/kallsyms --verify $(O)/kallsyms1.S
	$(if $(CONFIG_BRANCH_TARGETS),$(Q)scripts/relocs --enter $(O)/ferry.relocs $(O)/ferry.tmp)
	$(Q)mv $(O)/ferry.tmp $@

$(O)/placement.ok: $(O)/ferry.elf $(user-driver-objs) scripts/placement-check
	$(if $(fallback-objs),,$(Q)scripts/placement-check --nm $(NM) $< $(kernel-driver-objs) -- $(user-driver-objs))
	$(if $(and $(all-driver-m),$(if $(all-driver-y)$(fallback-objs),,y)),$(Q)$(KCONFIG) kept)
	$(Q)touch $@

$(O)/ferry.strip: $(O)/ferry.elf
	$(Q)$(STRIP) -s -o $@ $<

# What the boot loader reads, slowly.
$(O)/ferry.packed: $(O)/ferry.strip scripts/pack
	$(call say,PACK,$(@F))
	$(Q)scripts/pack $< $@

# ---- User space --------------------------------------------------------------------------------

$(O)/libdrv-user.a: $(user-library-objs) $(O)/stamp/archives
	$(call say,AR [U],$(@F))
	$(Q)$(ar)
$(O)/lib-user.a: $(user-lib-objs) $(O)/stamp/archives
	$(call say,AR [U],$(@F))
	$(Q)$(ar)

define moved-driver
$(O)/$(2)/$(basename $(notdir $(1))): $(call in,user/,$(parts-$(1))) $(user-shim-objs) $(O)/libdrv-user.a $(O)/lib-user.a $(O)/stamp/archives
	$$(call say,LD [U],$(2)/$$(@F))
	$$(Q)$(user-ld) $(moved-ldflags) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $(O)/libdrv-user.a $(O)/lib-user.a -Wl,--end-group \
		$(moved-endfiles)
endef
$(foreach d,$(all-driver-m),$(eval $(call moved-driver,$(d),usr/drivers)))
$(foreach d,$(all-test-driver-y),$(eval $(call moved-driver,$(d),tests/drivers)))

define program
$(O)/usr/bin/$(basename $(notdir $(1))): $(call in,user/,$(parts-$(1))) $(O)/lib-user.a
	$$(call say,LD [U],usr/bin/$$(@F))
	$$(Q)$(user-ld) $(user-ldflags) -o $$@ $$(filter %.o,$$^) $(O)/lib-user.a
endef
$(foreach p,$(all-program-y),$(eval $(call program,$(p))))

$(O)/initramfs.cpio: $(moved-drivers) $(root-programs) $(wildcard usr/init/files/* usr/init/files/*/* usr/init/files/*/*/*) \
		$(O)/stamp/rootfs scripts/mkinitramfs
	$(call say,CPIO,$(@F))
	$(Q)scripts/mkinitramfs -o $@ --drivers "$(moved-drivers)" --programs "$(root-programs)" \
		--files usr/init/files $(foreach f,$(patsubst "%",%,$(CONFIG_INITRAMFS_EXTRA)),--add $(f))

$(O)/tests.cpio: $(test-programs) $(O)/stamp/testfs scripts/mkinitramfs
	$(call say,CPIO,$(@F))
	$(Q)scripts/mkinitramfs -o $@ --only --programs "$(test-programs)"

# LZ4 costs the kernel two instructions a byte; the boot loader's way of reading it costs more.
$(O)/%.cpio.lz4: $(O)/%.cpio
	$(call say,LZ4,$(@F))
	$(Q)lz4 -q -f -12 -B7 --content-size --no-frame-crc $< $@ && touch $@	# lz4 gives it the input's time, without its fraction

$(O)/ferry.iso: $(O)/ferry.packed $(O)/initramfs.cpio.lz4 $(O)/stamp/cmdline scripts/image
	$(call say,ISO,$(@F))
	$(Q)scripts/image -o $@ --video --kernel $(O)/ferry.packed --append $(CONFIG_CMDLINE) $(O)/initramfs.cpio.lz4

# ---- Host: unit tests --------------------------------------------------------------------------

$(O)/host/unit: $(all-host-objs) $(O)/stamp/host-link
	$(call say,LD [H],host/$(@F))
	$(Q)$(HOSTCC) $(host-cflags) -o $@ $(filter %.o,$^)

# Each fuzz target with a main that feeds it files and every driver: the target's device finds its own.
$(O)/host/libfuzz.a: $(host-library-objs) $(host-lib-objs) $(host-shim-objs)
	$(call say,AR [H],host/$(@F))
	$(Q)$(ar)

$(fuzz-targets): $(O)/host/fuzz/%: $(O)/host/tests/fuzz/%_fuzz.o $(O)/host/tests/fuzz/replay.o $(host-driver-objs) $(O)/host/libfuzz.a $(O)/stamp/host-link
	$(call say,LD [H],host/fuzz/$(@F))
	$(Q)$(HOSTCC) $(host-cflags) -o $@ $(filter %.o %.a,$^)

# ---- Targets -----------------------------------------------------------------------------------

.PHONY: all kernel drivers programs initramfs image unit fuzz-replay run manifest gdb
all: kernel drivers programs initramfs image ; @:
kernel: $(O)/ferry.packed
drivers: $(moved-drivers) $(test-drivers) $(O)/placement.ok
programs: $(programs)
initramfs: $(O)/initramfs.cpio.lz4 $(O)/tests.cpio.lz4
image: $(O)/ferry.iso
unit: $(O)/host/unit fuzz-replay
fuzz-replay: $(fuzz-targets)

run:
	$(Q)./ferry run --build $(O)

# A debugger on the guest of "./ferry run --qemu -s" (add --qemu -S to wait for it).
gdb: $(O)/ferry.elf
	$(Q)gdb -iex 'set auto-load no' -ex 'target remote :1234' -x scripts/gdb/ferry.py $(O)/ferry.elf

manifest: $(O)/ferry.elf $(moved-drivers)
	$(Q)scripts/manifest $^

include scripts/check.mk
