# SPDX-License-Identifier: Apache-2.0
#
# Every target runs inside the lab root (sim/lab/lab): this file enters it and calls itself there. The rules of a room
# lie in its rules.mk.

SHELL := /bin/bash
.DEFAULT_GOAL := help
LAB := sim/lab/lab
TARGETS := build demo demo-guest check check-nightly bench bench-guest bench-control synth shell lint
# Given on the command line, these go to what runs inside.
VARIABLES := T KERNEL WAVE PCAP PORT SEED

ifeq ($(VQNIC_IN_LAB),)
.PHONY: $(TARGETS) lab clean distclean help
$(TARGETS): lab
	@$(LAB) run make --no-print-directory VQNIC_IN_LAB=1 $@ $(foreach v,$(VARIABLES),$(if $($(v)),$(v)='$($(v))'))

lab:  ## make the Debian root in which everything is built and run
	@$(LAB) setup

clean:  ## remove what was built, keep the lab root
	@find build -mindepth 1 -maxdepth 1 ! -name lab -exec rm -rf {} + 2>/dev/null || true

distclean:  ## remove what was built and the lab root
	@$(LAB) clean && rm -rf build

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile */rules.mk | sort -u | sed -E 's/:.*## /\t/' | expand -t 14
else
MAKEFLAGS += -j$(shell nproc)
B := build
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow -MMD -MP
.PHONY: $(TARGETS)
build:  ## build everything
lint:  ## run every checker
include $(sort $(wildcard */rules.mk))
-include $(shell find $(B) -path $(B)/lab -prune -o -name '*.d' -print 2>/dev/null)
endif
