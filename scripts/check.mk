# SPDX-License-Identifier: GPL-2.0
#
# Testing targets. scripts/check runs the suites; each prints KTAP.

.PHONY: check check-unit check-ktest check-boot check-class bench sparse
check: all unit
	$(Q)scripts/check --build $(O) $(SUITES)

check-unit: unit
	$(Q)scripts/check --build $(O) unit
check-ktest check-boot check-class: check-%: all
	$(Q)scripts/check --build $(O) $*

bench: all
	$(Q)if test -x tests/bench/run; then FERRY_BUILD=$(O) tests/bench/run; else echo 'there are no benchmarks yet'; fi

# Sources and nothing but sparse: fails on the first warning.
sparse: $(autoconf-h)
	$(Q)status=0; for object in $(patsubst $(O)/%,%,$(filter-out $(kernel-driver-objs) $(kernel-library-objs) $(O)/tests/%,$(all-kernel-objs))); do \
		test ! -f $${object%.o}.c || sparse $(sparse-flags) $(filter-out -W%,$(kernel-cflags)) $(kernel-includes) $${object%.o}.c || status=1; done; \
	for object in $(patsubst $(O)/%,%,$(kernel-driver-objs) $(kernel-library-objs)); do \
		sparse $(sparse-flags) $(filter-out -W%,$(kernel-cflags)) $(driver-kernel-includes) $${object%.o}.c || status=1; done; exit $$status

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
	@:$(call commands-of,$(filter-out $(kernel-driver-objs) $(kernel-library-objs),$(all-kernel-objs)),,$(CC) $(kernel-cflags) $(kernel-includes))
	@:$(call commands-of,$(kernel-driver-objs) $(kernel-library-objs),,$(CC) $(kernel-cflags) $(driver-kernel-includes))
	@:$(call commands-of,$(user-program-objs) $(user-lib-objs),user/,$(user-cc) $(user-cflags) $(user-includes))
	@:$(call commands-of,$(user-driver-objs) $(user-library-objs) $(user-shim-objs),user/,$(user-cc) $(user-cflags) $(driver-user-includes))
	@:$(call commands-of,$(all-host-objs),host/,$(HOSTCC) $(host-cflags) $(host-includes))
	$(Q){ echo '['; sed '$$!s/$$/,/' $@.tmp; echo ']'; } >$@ && rm -f $@.tmp
