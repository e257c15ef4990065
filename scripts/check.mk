# SPDX-License-Identifier: GPL-2.0
#
# Testing targets. scripts/check runs the suites; each prints KTAP.

.PHONY: fio layouts check-defences bench-hardening bench-kaslr bench-restart soak-restart soak-stress soak-flush hang-campaign fuzz-abi compare-calls check check-unit check-ktest check-boot check-class bench bench-abi bench-boot bench-block kpi profile sparse fuzz-calls
check: all unit
	$(Q)scripts/check --build $(O) $(SUITES)

check-unit: unit
	$(Q)scripts/check --build $(O) unit
check-ktest check-boot check-class: check-%: all
	$(Q)scripts/check --build $(O) $*

# A hundred bugs on purpose in a kernel that checks itself: which does it name? (Documentation/checks.md)
.PHONY: planted
planted: initramfs
	$(Q)test -e $(O)/debug/.config || $(MAKE) -s O=$(O)/debug debug_defconfig
	$(Q)$(MAKE) -s O=$(O)/debug $(O)/debug/ferry.packed
	$(Q)FERRY_BUILD=$(O)/debug FERRY_INITRAMFS=$(O)/initramfs.cpio tests/planted/run

# Suites in a kernel that checks itself, with every variant that they build: make check-debug SUITES="class/block-nvme boot/smp"
.PHONY: check-debug
check-debug:
	$(Q)test -e $(O)/debug/.config || $(MAKE) -s O=$(O)/debug debug_defconfig
	$(Q)$(MAKE) -s O=$(O)/debug all
	$(Q)scripts/check --build $(O)/debug $(or $(SUITES),class/block-ahci class/block-nvme class/block-scsi fault boot/smp)

# Which lines of the kernel run in guests, in one page: make coverage-kernel COVER="boot/abi class/caps"
.PHONY: coverage-kernel
COVER ?= ktest boot/abi boot/shell boot/smp boot/trouble boot/sysfs
coverage-kernel:
	$(Q)test -e $(O)/coverage/.config || $(MAKE) -s O=$(O)/coverage defconfig
	$(Q)sed -i 's/^# CONFIG_COVERAGE is not set/CONFIG_COVERAGE=y/' $(O)/coverage/.config
	$(Q)$(MAKE) -s O=$(O)/coverage all
	$(Q)mkdir -p $(O)/coverage/guests && rm -f $(O)/coverage/guests/counters
	$(Q)FERRY_COVERAGE=$(abspath $(O)/coverage/guests) scripts/check --build $(O)/coverage $(COVER) || :
	$(Q)scripts/coverage report $(O)/coverage/ferry.elf $(O)/coverage/guests/counters $(O)/coverage/kernel.html

.PHONY: lint
# Every static analysis there is; findings that may stay are in scripts/lint.allow. TOOLS=cppcheck,sparse chooses, FILES too.
lint: compile_commands.json
	$(Q)scripts/lint --build $(O) $(if $(TOOLS),--tools $(TOOLS)) $(FILES)

# How long a restart takes and what it costs: make bench-restart KILLS=1000 CPUS=1
bench-restart: all
	$(Q)FERRY_BUILD=$(O) KILLS="$(or $(KILLS),1000)" CPUS="$(or $(CPUS),1)" tests/bench/restart

# fio with verify on every driver in both placements, also while it is killed: an hour, can be broken off. DRIVERS="nvme ahci" CPUS=4 KILLS=no
fio:
	$(Q)FERRY_BUILD=$(O) DRIVERS="$(DRIVERS)" PLACEMENTS="$(PLACEMENTS)" CPUS="$(CPUS)" ENGINES="$(ENGINES)" KILLS="$(KILLS)" FRESH="$(FRESH)" tests/bench/fio

# The disks in machines other than the usual one, in both placements, with an IOMMU too; hot-plug there as well. Minutes.
layouts: all
	$(Q)FERRY_BUILD=$(O) FERRY_LAYOUTS=full tests/class/layouts && FERRY_BUILD=$(O) FERRY_LAYOUTS=full tests/class/hotplug

# Deaths by the ten thousand, under verified load: make soak-restart STEPS=10000 RANDOM=1000 CPUS="1 4"
soak-restart: all
	$(Q)FERRY_BUILD=$(O) STEPS="$(or $(STEPS),10000)" RANDOM="$(or $(RANDOM),1000)" CPUS="$(or $(CPUS),1 4)" tests/bench/soak

# Debian's stress-ng and trinity for an hour: make soak-stress HOUR=3600 (seconds) CPUS=4 TRINITY=no
soak-stress: all
	$(Q)FERRY_BUILD=$(O) HOUR="$(or $(HOUR),3600)" CPUS="$(or $(CPUS),4)" TRINITY="$(TRINITY)" tests/bench/soak-stress

# What each driver does in each placement, as the last check saw it.
.PHONY: features
features:
	$(Q)scripts/features $(O)/check

# Every way to hang, on eight drivers at a time: make hang-campaign HANGS=50 (of each kind)
hang-campaign: all
	$(Q)FERRY_BUILD=$(O) HANGS="$(or $(HANGS),50)" tests/fault/hangs

# What the devices saw, in order, while drivers were killed: no write crosses a flush. Minutes.
soak-flush: all
	$(Q)FERRY_BUILD=$(O) KILLS="$(or $(KILLS),300)" tests/fault/flush-order

bench: all
	$(Q)FERRY_BUILD=$(O) tests/bench/run $(if $(SHORT),--short) $(if $(TARGETS),--targets)

# Beside Debian's Linux. BENCH="null fork" chooses tests, RUNS=0 leaves the wall clock out.
bench-abi: all
	$(Q)FERRY_BUILD=$(O) tests/bench/abi $(if $(RUNS),--runs $(RUNS)) $(BENCH)

# How long a machine takes to the first program: make bench-boot RUNS=9
bench-boot: all
	$(Q)FERRY_BUILD=$(O) tests/bench/boot $(if $(RUNS),--runs $(RUNS))

# The driver system calls, fuzzed from inside driver processes: make fuzz-calls ROUNDS=2000 SEED=7
fuzz-calls: all
	$(Q)FERRY_BUILD=$(O) FERRY_FUZZ_ROUNDS="$(or $(ROUNDS),1000)" FERRY_FUZZ_SEED="$(or $(SEED),1)" tests/hostile/calls

# Each system call with good, odd and hostile arguments, here and on Debian's Linux: make compare-calls [VECTORS=50] [SEED=1] [NAMES="open read"]
compare-calls: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/calls --vectors $(or $(VECTORS),50) --seed $(or $(SEED),1) $(NAMES)

# io_uring under random calls of several threads, forks, execs and kills: make storm-uring [ROUNDS=500] [SMP=2]
.PHONY: storm-uring
storm-uring: all
	$(Q)scripts/run --build $(O) --smp $(or $(SMP),2) --timeout 3600 -- env STORM_ROUNDS=$(or $(ROUNDS),500) abi_test uring_survives_a_storm

# Python's own test suite, here and on Debian's Linux: make compare-python [MODULES="test_os test_io"] [SECONDS=900] (that one module may take)
.PHONY: compare-python
compare-python: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/python --seconds $(or $(SECONDS),900) $(MODULES)

# Linux's own selftests, here and on Debian's Linux: make compare-selftests [NAMES="seccomp x86:sig"] [SECONDS=45] (that one may take)
.PHONY: compare-selftests
compare-selftests: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/selftests --seconds $(or $(SECONDS),45) $(NAMES)

# coreutils' own tests, here and on Debian's Linux: make compare-coreutils SOURCE=coreutils-9.1 [NAMES="cp.acl.sh"]
.PHONY: compare-coreutils
compare-coreutils: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/coreutils $(SOURCE) $(NAMES)

# Debian's tools, editors, shells and terminal multiplexers in use, here and on Debian's Linux: make compare-programs [NAMES="vim tmux"]
.PHONY: compare-programs
compare-programs: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/programs $(NAMES)

# Debian's virtual machines, compilers, databases and real-time benchmarks in use, here and on Debian's Linux: make compare-runtimes [NAMES="java go_run"]
.PHONY: compare-runtimes
compare-runtimes: all
	$(Q)FERRY_BUILD=$(O) tests/conformance/runtimes $(NAMES)

# Drivers against devices that libFuzzer plays: make fuzz TARGET=nvme SECONDS=600; how fast that is (Documentation/fuzzing.md).
.PHONY: fuzz fuzz-speed
fuzz:
	$(Q)$(MAKE) -s -C tests/fuzz O=$(abspath $(O))/fuzz $(if $(TARGET),TARGET=$(TARGET)) $(if $(SECONDS),SECONDS=$(SECONDS)) fuzz
fuzz-speed:
	$(Q)$(MAKE) -s -C tests/fuzz O=$(abspath $(O))/fuzz $(if $(RUNS),RUNS=$(RUNS)) rate

# Linux's system calls with hostile arguments, as a program without rights: make fuzz-abi ROUNDS=5000 SEED=7 CPUS=4
fuzz-abi: all
	$(Q)scripts/run --build $(O) --smp $(or $(CPUS),2) --timeout 3600 -- \
		'ABI_SEED=$(or $(SEED),1) ABI_ROUNDS=$(or $(ROUNDS),1000) abi_test random_calls_hurt_nobody_else'

# Disks beside Debian's Linux, in both placements. DISKS="nvme ahci" chooses.
bench-block: all
	$(Q)FERRY_BUILD=$(O) tests/bench/block $(if $(RUNS),--runs $(RUNS)) $(DISKS)

# The record of a driver, beside it: make kpi DRIVER=nvme (RUNS=9 KILLS=200 SMP=2); DRIVERS="nvme ahci", or all; SHORT=1: a look, which opens no gate
kpi: all
	$(Q)FERRY_BUILD=$(O) tests/bench/kpi $(if $(SHORT),--short) $(if $(RUNS),--runs $(RUNS)) $(if $(KILLS),--kills $(KILLS)) $(if $(SMP),--smp $(SMP)) $(DRIVER) $(DRIVERS)

# One HTML file out of what benchmarks, tests and KPI records left: $(O)/report.html
.PHONY: report
report:
	$(Q)scripts/report --build $(O) --config $(KCONFIG_CONFIG) -o $(O)/report.html

# Where the instructions of a benchmark go: make profile PROFILE="--placement m -- blkcost -d 1 /dev/nullb0 200"
profile: all
	$(Q)FERRY_BUILD=$(O) tests/bench/profile $(PROFILE)

# Which functions lie together in the kernel's image, by what runs: writes arch/x86/boot/hot.lds.h
.PHONY: hot-order
hot-order: all
	$(Q)FERRY_BUILD=$(O) tests/bench/hot-order

# Every defence with the mistake that it stops, and the harm without it. Builds two more kernels.
check-defences: all
	$(Q)FERRY_BUILD=$(O) FERRY_DEFENCES=full tests/boot/defences

# What the defences cost in instructions, each and together: make bench-hardening OPTIONS="SLAB_CHECKED"
bench-hardening: all
	$(Q)FERRY_BUILD=$(O) tests/bench/hardening $(OPTIONS)

# How random the places of the kernel are: make bench-kaslr BOOTS=1000
bench-kaslr: all
	$(Q)FERRY_BUILD=$(O) BOOTS="$(or $(BOOTS),1000)" tests/bench/kaslr

# Sources and nothing but sparse: fails on the first warning. SOURCES=FILE... looks at those alone, with the kernel's headers.
# Of the libraries in the tree only our own side is looked at.
driver-sparse-objs := $(kernel-driver-objs) $(asleep-driver-objs) $(kernel-library-objs)
other-sparse-objs := $(foreach o,$(all-kernel-objs),$(if $(findstring /lwip/,$(o)),$(o)))
sources-of = $(wildcard $(patsubst $(O)/%.o,%.c,$(1)))
# Directories that single files name for themselves, for all.
own-includes = $(sort $(filter -I%,$(foreach v,$(filter CFLAGS_%,$(.VARIABLES)),$($(v)))))
run-sparse = for source in $(2); do sparse $(sparse-flags) $(filter-out -W%,$(kernel-cflags)) $(1) $(own-includes) $$source || status=1; done
sparse: $(autoconf-h)
	$(Q)status=0; \
	$(call run-sparse,$(kernel-includes) $(net-includes),$(or $(SOURCES),$(call sources-of,$(filter-out $(driver-sparse-objs) $(other-sparse-objs),$(all-kernel-objs))))); \
	$(call run-sparse,$(driver-kernel-includes),$(if $(SOURCES),,$(call sources-of,$(driver-sparse-objs)))); exit $$status

# One entry for each object of the three worlds, for editors.
define compile-command
  { "directory": "$(srctree)", "file": "$(3)", "output": "$(1)", "command": "$(subst ",\",$(2)) -c -o $(1) $(3)" }
endef
source-of = $(wildcard $(patsubst $(O)/$(2)%.o,%.c,$(1)) $(patsubst $(O)/$(2)%.o,%.S,$(1)))
commands-of = $(foreach o,$(1),$(file >>$@.tmp,$(call compile-command,$(o),$(3),$(call source-of,$(o),$(2)))))

.PHONY: compile_commands.json
compile_commands.json: $(autoconf-h)
	$(call say,GEN,$@)
	@:$(file >$@.tmp)
	@:$(call commands-of,$(filter-out $(driver-sparse-objs),$(all-kernel-objs)),,$(CC) $(kernel-cflags) $(kernel-includes))
	@:$(call commands-of,$(driver-sparse-objs),,$(CC) $(kernel-cflags) $(driver-kernel-includes))
	@:$(call commands-of,$(user-program-objs) $(user-lib-objs),user/,$(user-cc) $(user-cflags) $(user-includes))
	@:$(call commands-of,$(user-driver-objs) $(user-library-objs) $(user-shim-objs),user/,$(user-cc) $(user-cflags) $(driver-user-includes))
	@:$(call commands-of,$(all-host-objs),host/,$(HOSTCC) $(host-cflags) $(host-includes))
	$(Q){ echo '['; sed '$$!s/$$/,/' $@.tmp; echo ']'; } >$@ && rm -f $@.tmp
