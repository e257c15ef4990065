# SPDX-License-Identifier: GPL-2.0
#
# Compilers and flags of the three worlds: kernel, user, host.

ifneq ($(LLVM),)
CC := clang
endif
ifneq ($(filter undefined default,$(origin CC)),)
CC := gcc
endif
is-clang := $(findstring clang,$(notdir $(CC)))
LD := ld
AR := ar
NM := nm
STRIP := strip
OBJCOPY := objcopy
HOSTCC ?= gcc

kconfig-files := Kconfig arch/x86/Kconfig */Kconfig drivers/*/Kconfig

warnings := -Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
	-Wvla -Wimplicit-fallthrough -Wundef -Wpointer-arith
ifneq ($(filter 1 2,$(W)),)
warnings += -Wno-error -Wshadow -Wformat=2 -Wmissing-declarations -Wold-style-definition
ifeq ($(is-clang),)
warnings += -Wlogical-op -Wduplicated-cond
endif
endif

# Clang counts a volatile variable that is only changed as unused.
ifneq ($(is-clang),)
warnings += -Wno-unused-but-set-variable
endif

common-cflags := -std=gnu11 -g -fno-strict-aliasing -fno-common -fno-omit-frame-pointer $(warnings) \
	-ffile-prefix-map=$(srctree)=.

# ---- Kernel ------------------------------------------------------------------------------------

kernel-only-includes := -Ikernel/include -Iarch/x86/include
kernel-includes := -Iinclude $(kernel-only-includes) -Ishim/kernel/include -I$(O)/include -Itests
net-includes := -Inet/lwip/include -Inet/port
driver-kernel-includes := -Iinclude -Ishim/kernel/include

machine-flags := -m64 -march=x86-64 -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
# Documentation/hardening.md. The canary lies in struct cpu: arch/x86/cpu/cpu.c checks the offset.
hardening-cflags = $(if $(CONFIG_STACKPROTECTOR),-fstack-protector-strong -mstack-protector-guard=tls \
	-mstack-protector-guard-reg=gs -mstack-protector-guard-offset=40,-fno-stack-protector) \
	-fcf-protection=$(if $(CONFIG_BRANCH_TARGETS),branch,none) \
	$(if $(CONFIG_RETPOLINE),$(if $(is-clang),-mretpoline,-mindirect-branch=thunk-inline -mindirect-branch-register) -fno-jump-tables -DRETPOLINE) \
	-DREF_CHECKED=$(if $(CONFIG_REF_CHECKED),1,0) -DLIST_CHECKED=$(if $(CONFIG_LIST_CHECKED),1,0)
kernel-cflags = $(common-cflags) -ffreestanding -nostdlib -fno-pic -fno-pie $(machine-flags) \
	$(hardening-cflags) -fno-asynchronous-unwind-tables -ffunction-sections \
	$(if $(CONFIG_CC_OPTIMIZE_FOR_SIZE),-Os,-O2) -D__FERRY_KERNEL__ $(KCFLAGS)
ifneq ($(is-clang),)
# Only for a system with glibc does clang 14 know a canary in a segment.
machine-flags += --target=x86_64-linux-gnu
else
kernel-cflags += -fno-tree-loop-distribute-patterns
endif

# CONFIG_DEBUG_KERNEL: gcc calls kernel/debug/ before each access and where behaviour is undefined; string functions go there by --wrap.
debug-cflags := -fsanitize=kernel-address -fasan-shadow-offset=0xdffffc0000000000 --param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=1 --param asan-globals=1 -fsanitize-address-use-after-scope -fsanitize=undefined -fno-sanitize=object-size \
	-ftrivial-auto-var-init=pattern -fno-optimize-sibling-calls -Wno-maybe-uninitialized -Wno-array-bounds
kernel-cflags += $(if $(CONFIG_DEBUG_KERNEL),-DFERRY_DEBUG $(if $(is-clang),,$(debug-cflags)))
# CONFIG_COVERAGE: counters in the kernel's memory, read from outside when the guest is over (scripts/coverage).
coverage-cflags = $(if $(CONFIG_COVERAGE),-fprofile-arcs -ftest-coverage -fprofile-info-section -fprofile-update=prefer-atomic)
kernel-cflags += $(coverage-cflags)
debug-ldflags := $(patsubst %,--wrap=%,memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp)
kernel-asflags = $(filter-out -std=% -W% -fsanitize% $(debug-cflags) $(coverage-cflags),$(kernel-cflags)) -Wall -Werror -D__ASSEMBLY__ -Wa,--noexecstack
kernel-ldflags = $(if $(CONFIG_DEBUG_KERNEL),$(debug-ldflags)) -m elf_x86_64 -nostdlib -static -z max-page-size=0x1000 -z noexecstack \
	--no-warn-rwx-segments --build-id=none --fatal-warnings

# ---- The vDSO: user mode, no C library, nothing but registers and the stack -----------------------

vdso-cflags := -ffreestanding -nostdlib -fPIC -shared -O2 -m64 -march=x86-64 -mgeneral-regs-only -fno-stack-protector \
	-fcf-protection=none -fasynchronous-unwind-tables
vdso-ldflags := -Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,--build-id=none -Wl,-Bsymbolic -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,--no-undefined -Wl,--eh-frame-hdr

# ---- User: static musl -------------------------------------------------------------------------

user-includes := -Iinclude
driver-user-includes := -Iinclude -Ishim/user/include
musl-include := /usr/include/x86_64-linux-musl
ifneq ($(is-clang),)
user-cc := $(CC) --target=x86_64-linux-musl -nostdlibinc -isystem $(musl-include)
else
user-cc := musl-gcc
endif
user-ld := musl-gcc
user-cflags = $(common-cflags) -O2 -fPIE $(if $(CONFIG_STACKPROTECTOR),-fstack-protector-strong,-fno-stack-protector) -D_GNU_SOURCE
user-ldflags := -static -no-pie -Wl,-z,max-page-size=0x1000 -Wl,--build-id=none -Wl,-z,noexecstack
# Drivers lie elsewhere at each start: static, and relocated by themselves (musl-gcc has no word for that).
musl-lib := /usr/lib/x86_64-linux-musl
moved-ldflags := $(filter-out -no-pie,$(user-ldflags)) -nostartfiles -Wl,--wrap=__stack_chk_fail -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,text -Wl,-z,relro \
	$(musl-lib)/rcrt1.o $(musl-lib)/crti.o
moved-endfiles := $(musl-lib)/crtn.o

# ---- Host: the developer's machine, under sanitizers -------------------------------------------

host-includes := -Iinclude -Ishim/host/include -Itests/unit/include -Itests -I.
host-cflags := $(common-cflags) -O1 -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=all
ifneq ($(findstring clang,$(HOSTCC)),)
host-cflags += -Wno-unknown-warning-option
endif

sparse-flags := -Itests/unit/include -Wno-unknown-attribute -Wno-cast-truncate -Wno-decl -Wbitwise -Wcast-to-as -Wsparse-error -D__CHECKER__
user-sparse := -isystem $(musl-include)
