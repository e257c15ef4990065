# SPDX-License-Identifier: GPL-2.0
#
# Ferry's build: one make graph for the whole tree. This file has the targets people type;
# scripts/build.mk has the rules, and each directory's Makefile has lists and nothing else.

MAKEFLAGS += --no-print-directory --no-builtin-rules --no-builtin-variables
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

srctree := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifneq ($(CURDIR),$(srctree))
$(error run make in $(srctree), or as make -C $(srctree))
endif

# O=DIR builds in DIR with DIR/.config; otherwise objects go to build/ and .config stays on top.
in-tree := $(if $(filter-out $(srctree)/build,$(abspath $(O))),,y)
ifeq ("$(origin O)$(in-tree)","command line")
  override O := $(patsubst %/,%,$(O))
  config-dir := $(O)
else
  override O := build
  config-dir := .
endif
KCONFIG_CONFIG ?= $(patsubst ./%,%,$(config-dir)/.config)

V ?= 0
Q := $(if $(filter 1,$(V)),,@)
silent := $(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
say = $(if $(filter 1,$(V))$(silent),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')
PYTHON := /usr/bin/python3
comma := ,

KCONFIG := KCONFIG_CONFIG="$(KCONFIG_CONFIG)" $(PYTHON) scripts/kconfig

defconfigs := $(notdir $(wildcard arch/x86/configs/*_defconfig))
config-goals := menuconfig guiconfig oldconfig olddefconfig defconfig savedefconfig \
	allyesconfig allmodconfig allnoconfig tinyconfig randconfig $(defconfigs)
free-goals := placement-report placement-advise help clean mrproper distclean tags why layers format setup new-driver randconfigs CONFIG_%
goals := $(or $(MAKECMDGOALS),all)

# Configuration targets come before the others and one at a time.
ifneq ($(and $(filter $(config-goals) mrproper distclean clean,$(goals)),$(word 2,$(goals)),\
	$(if $(filter why,$(goals)),,y)),)

.PHONY: $(goals) one-by-one
.NOTPARALLEL:
$(goals): one-by-one ; @:
one-by-one:
	$(Q)set -e; for goal in $(goals); do $(MAKE) --no-print-directory $$goal; done

else

.PHONY: all placement-report placement-advise help clean mrproper distclean tags why layers format setup new-driver randconfigs $(config-goals)

all:

$(config-goals): scripts/kconfig
	$(Q)mkdir -p $(O) $(config-dir)
	$(Q)$(KCONFIG) $@

# make why CONFIG_X: what blocks or selects a symbol.
why-symbols := $(filter CONFIG_%,$(goals))
why:
	$(Q)$(KCONFIG) why $(why-symbols)
ifneq ($(why-symbols),)
.PHONY: $(why-symbols)
$(why-symbols): why ; @:
endif

clean:
	$(call say,CLEAN,$(O))
	$(Q)test ! -d $(O) || find $(O) -mindepth 1 -maxdepth 1 ! -name '.config*' -exec rm -rf {} +

mrproper distclean: clean
	$(Q)rm -f $(KCONFIG_CONFIG) $(KCONFIG_CONFIG).old defconfig tags compile_commands.json
	$(Q)if test -d $(O); then rm -f $(O)/.config $(O)/.config.old; rmdir $(O) 2>/dev/null || :; fi

source-dirs := arch kernel mm fs net ipc lib include shim drivers usr tests
tags:
	$(call say,TAGS,tags)
	$(Q)command -v ctags >/dev/null || { echo 'no ctags: apt-get install universal-ctags' >&2; exit 1; }
	$(Q)find $(source-dirs) -name '*.[chS]' | ctags -L - -f tags

# What the KPI records say about moving each driver.
placement-report placement-advise:
	$(Q)scripts/kpi $(@:placement-%=%) $(KCONFIG_CONFIG)

layers:
	$(Q)scripts/layers

format:
	$(Q)scripts/format

setup:
	$(Q)./ferry setup

# make randconfigs [N=20] [SEED=1] [CC=clang]: N random configurations, built and booted.
randconfigs:
	$(Q)FERRY_BUILD=$(O) N=$(or $(N),20) SEED=$(or $(SEED),1) CC=$(if $(filter command%,$(origin CC)),$(CC)) tests/build/randconfigs

new-driver:
	$(Q)$(PYTHON) scripts/new-driver NAME="$(NAME)" CLASS="$(CLASS)" DEVICE="$(DEVICE)"

help:
	@scripts/help

ifneq ($(filter-out $(config-goals) $(free-goals),$(goals)),)
include scripts/build.mk
endif

endif
