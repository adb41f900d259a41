# SPDX-License-Identifier: Apache-2.0
#
# Every target runs inside the lab root (sim/lab/lab): this file enters it and calls itself there. The rules of a room
# lie in its rules.mk.

SHELL := /bin/bash
.DEFAULT_GOAL := help
LAB := sim/lab/lab
TARGETS := build deb demo demo-guest check check-nightly bench bench-guest bench-control synth shell lint
# Given on the command line, these go to what runs inside.
VARIABLES := T KERNEL WAVE PCAP PORT SEED VM

ifeq ($(VQNIC_IN_LAB),)
.PHONY: $(TARGETS) install lab clean distclean help
$(TARGETS): lab
	@$(LAB) run make --no-print-directory VQNIC_IN_LAB=1 $@ $(foreach v,$(VARIABLES),$(if $($(v)),$(v)='$($(v))'))

lab:  ## make the Debian root in which everything is built and run
	@$(LAB) setup

# The lab does not see the machine's folders: it installs into one of its own, which is copied. Folders that are
# there stay as they are: owner, mode, symbolic link.
install: lab  ## install below DESTDIR and PREFIX (/usr/local): tools, library, the driver's sources for dkms
	@rm -rf build/install
	@$(LAB) run make --no-print-directory VQNIC_IN_LAB=1 install DESTDIR=build/install \
		$(foreach v,PREFIX LIBDIR,$(if $($(v)),$(v)='$($(v))'))
	@mkdir -p '$(DESTDIR)/'
	@tar -C build/install -c . | tar -C '$(DESTDIR)/' -x --no-same-owner --no-overwrite-dir --keep-directory-symlink

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
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
CFLAGS += -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow -MMD -MP
.PHONY: $(TARGETS) install
build:  ## build everything
lint:  ## run every checker
include $(sort $(wildcard */rules.mk))
install: install-ctl install-sim install-kernel
deb: $(B)/deb/list  ## build Debian packages: build/deb
PACKAGED := Makefile README.md CHANGELOG.md LICENSES ctl docs hw kernel sim
$(B)/deb/list: $(MODEL) $(shell find $(PACKAGED) -type f ! -path '*/__pycache__/*')
	@ctl/debian/build $(@D) $(VQNIC_VERSION) $(MODEL) $(PACKAGED)
-include $(shell find $(B) \( -path $(B)/lab -o -path $(B)/deb \) -prune -o -name '*.d' -print 2>/dev/null)
endif
