# SPDX-License-Identifier: Apache-2.0

include $(sort $(wildcard tests/*/rules.mk))

.PHONY: build-tests lint-shell

check: build build-tests  ## run every test; T=name runs one line of tests/suite, or one test
	@tests/run '$(T)'

check-nightly: build build-tests  ## the long forms of the tests, hours; T=name as for check
	@SUITE=tests/suite-nightly tests/run '$(T)'

demo: build  ## the whole path on the screen, step by step; KERNEL=6.12 WAVE=1 PCAP=FILE
	@KERNEL='$(KERNEL)' WAVE='$(WAVE)' PCAP='$(PCAP)' sim/lab/demo

demo-guest: build  ## a guest on the card, step by step; KERNEL=6.12 WAVE=1 PCAP=FILE
	@KERNEL='$(KERNEL)' WAVE='$(WAVE)' PCAP='$(PCAP)' sim/lab/demo-guest

bench: build build-tests  ## how fast it is: a table, and build/bench.json
	@KERNEL='$(KERNEL)' tests/bench/run

bench-guest: build build-tests  ## what a guest on the card costs: a table, and build/bench-guest.json
	@KERNEL='$(KERNEL)' tests/bench/guest

bench-control: build build-tests  ## how fast the control plane is: a table, and build/bench-control.json
	@KERNEL='$(KERNEL)' tests/bench/control

shell: build  ## a shell in the host VM with the card plugged in; KERNEL=6.12 WAVE=FILE.fst PCAP=FILE PORT=SPEC
	@sim/lab/vm shell $(if $(VM),'$(VM)') --nested $(if $(KERNEL),--kernel '$(KERNEL)') $(if $(PORT),--port '$(PORT)') \
		$(if $(WAVE),--wave '$(WAVE)') $(if $(PCAP),--pcap '$(PCAP)')

# Shell scripts are found by their first line, or by what they say to shellcheck. Let through: `a && b || c` where b
# cannot fail, and single quotes around what another shell is to expand.
SHELL_SCRIPTS = $(shell grep -rlIE --exclude-dir=build --exclude-dir=.git '^(\#!.*[/ ](ba)?sh|\# shellcheck shell=.*)$$' .)

lint: lint-shell
lint-shell:
	@echo "  SHELLCHECK"
	@shellcheck -x -e SC2015,SC2016 $(SHELL_SCRIPTS)

build-tests: $(B)/tests/json
$(B)/tests/json: tests/system/json.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(shell pkg-config --cflags json-c) $< -o $@ $(shell pkg-config --libs json-c)

# A plugin of QEMU's, and what loads the paths that it is to look at.
build-tests: $(B)/tests/insn_count.so $(B)/tests/load $(B)/tests/vdev $(B)/tests/event
$(B)/tests/insn_count.so: tests/bench/insn_count.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fPIC -fvisibility=hidden -shared $< -o $@
$(B)/tests/load: tests/bench/load.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $< -o $@
$(B)/tests/bench/%.o: tests/bench/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -D_GNU_SOURCE $(CTL_CFLAGS) -Ihw/regs -Itests/system -c $< -o $@
$(B)/tests/vdev: $(B)/tests/bench/vdev.o $(B)/tests/system/vhost.o $(B)/ctl/libvqnic.a
	@$(CC) $^ $(CTL_NL) -o $@
$(B)/tests/event: $(B)/tests/bench/event.o $(B)/ctl/libvqnic.a
	@$(CC) $^ $(CTL_NL) -o $@

SMALL_TOOLS := $(B)/tests/canary $(B)/tests/connections $(B)/tests/frames
build-tests: $(SMALL_TOOLS)
$(SMALL_TOOLS): $(B)/tests/%: tests/system/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -D_GNU_SOURCE $< -o $@

HOSTILE_MODULES := $(KERNELS:%=$(B)/tests/hostile/%/hostile.ko)
build-tests: $(HOSTILE_MODULES)
$(HOSTILE_MODULES): $(B)/tests/hostile/%/hostile.ko: $(wildcard tests/system/hostile/*)
	@echo "  MODULE hostile $*"
	+@$(call kbuild,$*,$(@D),$^,modules)
	@touch $@

VHOST_TESTS := vhost_map vhost_ctrl vhost_state vhost_log vhost_migrate netlink_fuzz
build-tests: $(VHOST_TESTS:%=$(B)/tests/%)
$(B)/tests/system/%.o: tests/system/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -D_GNU_SOURCE $(CTL_CFLAGS) -Ihw/regs -c $< -o $@
$(VHOST_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/tests/system/%.o $(B)/tests/system/vhost.o $(B)/ctl/libvqnic.a
	@$(CC) $^ $(CTL_NL) -o $@

# The packages, installed: for the tests that ask for it.
$(B)/tests/installed.tar: $(B)/deb/list tests/system/installed tests/system/root
	@mkdir -p $(@D)
	@tests/system/installed $(<D) $@
